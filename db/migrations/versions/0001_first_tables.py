"""First tables"""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('activity_period',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_activity_period'))
    )
    with op.batch_alter_table('activity_period', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_activity_period_batch_id'), ['batch_id'], unique=False)

    op.create_table('circuit',
    sa.Column('workspace', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('sentence', sa.String(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('probe_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('apart_seconds', sa.Float(), nullable=True),
    sa.PrimaryKeyConstraint('workspace', name=op.f('pk_circuit'))
    )
    op.create_table('column_mapping',
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('field', sa.String(), nullable=False),
    sa.Column('column', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'kind', 'field', name=op.f('pk_column_mapping'))
    )
    op.create_table('cursor',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('value', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_cursor'))
    )
    op.create_table('customer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('record_type', sa.String(), nullable=False),
    sa.Column('industry', sa.String(), nullable=True),
    sa.Column('customer_type', sa.String(), nullable=True),
    sa.Column('region', sa.String(), nullable=True),
    sa.Column('country', sa.String(), nullable=True),
    sa.Column('since', sa.Date(), nullable=True),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('language', sa.String(), nullable=True),
    sa.Column('archived', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['parent_id'], ['customer.id'], name=op.f('fk_customer_parent_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer'))
    )
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_customer_code'), ['code'], unique=False)
        batch_op.create_index(batch_op.f('ix_customer_parent_id'), ['parent_id'], unique=False)

    op.create_table('exchange_rate',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('firm_currency', sa.String(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('rate', sa.String(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exchange_rate')),
    sa.UniqueConstraint('firm_currency', 'currency', 'day', name=op.f('uq_exchange_rate_firm_currency_currency_day'))
    )
    with op.batch_alter_table('exchange_rate', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_exchange_rate_batch_id'), ['batch_id'], unique=False)

    op.create_table('heartbeat',
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('boot_id', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('role', 'boot_id', name=op.f('pk_heartbeat'))
    )
    op.create_table('import_batch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('file_name', sa.String(), nullable=False),
    sa.Column('file_sha256', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('accepted', sa.Integer(), nullable=False),
    sa.Column('rejected', sa.Integer(), nullable=False),
    sa.Column('created', sa.Integer(), nullable=False),
    sa.Column('changed', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_batch'))
    )
    with op.batch_alter_table('import_batch', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_import_batch_file_sha256'), ['file_sha256'], unique=False)

    op.create_table('inbox',
    sa.Column('team_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('team_id', 'kind', 'key', name=op.f('pk_inbox'))
    )
    with op.batch_alter_table('inbox', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbox_received_at'), ['received_at'], unique=False)

    op.create_table('lane',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('tokens', sa.Float(), nullable=False),
    sa.Column('per_minute', sa.Float(), nullable=False),
    sa.Column('counted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('paused_until', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_lane'))
    )
    op.create_table('scheme_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(), nullable=False),
    sa.Column('content', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scheme_version')),
    sa.UniqueConstraint('name', 'version', name=op.f('uq_scheme_version_name_version'))
    )
    op.create_table('tally',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_tally'))
    )
    op.create_table('team',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('lead_id', sa.Integer(), nullable=True),
    sa.Column('channel', sa.String(), nullable=True),
    sa.Column('language', sa.String(), nullable=True),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team')),
    sa.UniqueConstraint('name', name=op.f('uq_team_name'))
    )
    with op.batch_alter_table('team', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_team_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_team_lead_id'), ['lead_id'], unique=False)

    op.create_table('credit_approval',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('assessed_on', sa.Date(), nullable=False),
    sa.Column('grade', sa.String(), nullable=False),
    sa.Column('scheme_version_id', sa.Integer(), nullable=False),
    sa.Column('proposed_limit', sa.BigInteger(), nullable=True),
    sa.Column('proposed_terms', sa.Integer(), nullable=True),
    sa.Column('approved_limit', sa.BigInteger(), nullable=False),
    sa.Column('approved_terms', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(), nullable=True),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('approved_by', sa.String(), nullable=False),
    sa.Column('approved_on', sa.Date(), nullable=False),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_credit_approval_customer_id_customer')),
    sa.ForeignKeyConstraint(['scheme_version_id'], ['scheme_version.id'], name=op.f('fk_credit_approval_scheme_version_id_scheme_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_credit_approval'))
    )
    with op.batch_alter_table('credit_approval', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_credit_approval_customer_id'), ['customer_id'], unique=False)

    op.create_table('customer_key',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('external_id', sa.String(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_customer_key_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_key')),
    sa.UniqueConstraint('source', 'external_id', name=op.f('uq_customer_key_source_external_id'))
    )
    with op.batch_alter_table('customer_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_key_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_customer_key_customer_id'), ['customer_id'], unique=False)

    op.create_table('customer_name',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_customer_name_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_name')),
    sa.UniqueConstraint('customer_id', 'kind', 'key', name=op.f('uq_customer_name_customer_id_kind_key'))
    )
    with op.batch_alter_table('customer_name', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_name_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_customer_name_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index('ix_customer_name_key', ['key'], unique=False)

    op.create_table('customer_order',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('external_id', sa.String(), nullable=False),
    sa.Column('ordered_on', sa.Date(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('original_amount', sa.BigInteger(), nullable=True),
    sa.Column('original_currency', sa.String(), nullable=True),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_customer_order_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_order')),
    sa.UniqueConstraint('source', 'external_id', name=op.f('uq_customer_order_source_external_id'))
    )
    with op.batch_alter_table('customer_order', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_order_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index('ix_customer_order_cover', ['customer_id', 'ordered_on', 'amount', 'cost'], unique=False)

    op.create_table('fact',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('field', sa.String(), nullable=False),
    sa.Column('measured_on', sa.Date(), nullable=False),
    sa.Column('value', sa.String(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('author', sa.String(), nullable=True),
    sa.Column('evidence', sa.String(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.Column('superseded_by_batch', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_fact_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_fact'))
    )
    with op.batch_alter_table('fact', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_fact_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index('ix_fact_book', ['field', 'measured_on', 'customer_id'], unique=False, sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))
        batch_op.create_index('ix_fact_lookup', ['customer_id', 'field', 'measured_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_fact_superseded_by_batch'), ['superseded_by_batch'], unique=False)
        batch_op.create_index('uq_fact_current', ['customer_id', 'field', 'measured_on', 'source'], unique=True, sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))

    op.create_table('grading_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('scheme_version_id', sa.Integer(), nullable=False),
    sa.Column('beside', sa.String(), nullable=True),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('orders_through', sa.Date(), nullable=True),
    sa.Column('customers', sa.Integer(), nullable=False),
    sa.Column('snapshot', sa.Integer(), nullable=False),
    sa.Column('whole', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['scheme_version_id'], ['scheme_version.id'], name=op.f('fk_grading_run_scheme_version_id_scheme_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grading_run'))
    )
    with op.batch_alter_table('grading_run', schema=None) as batch_op:
        batch_op.create_index('ix_grading_run_published', ['purpose', 'status', 'id'], unique=False)

    op.create_table('import_change',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('table_name', sa.String(), nullable=False),
    sa.Column('row_id', sa.Integer(), nullable=False),
    sa.Column('before', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['import_batch.id'], name=op.f('fk_import_change_batch_id_import_batch')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_change'))
    )
    with op.batch_alter_table('import_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_import_change_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index('ix_import_change_row', ['table_name', 'row_id'], unique=False)

    op.create_table('invoice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('external_id', sa.String(), nullable=False),
    sa.Column('invoiced_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('paid_on', sa.Date(), nullable=True),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('original_amount', sa.BigInteger(), nullable=True),
    sa.Column('original_currency', sa.String(), nullable=True),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_invoice_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invoice')),
    sa.UniqueConstraint('source', 'external_id', name=op.f('uq_invoice_source_external_id'))
    )
    with op.batch_alter_table('invoice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invoice_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index('ix_invoice_cover', ['customer_id', 'due_on', 'paid_on', 'invoiced_on', 'amount'], unique=False)
        batch_op.create_index(batch_op.f('ix_invoice_currency'), ['currency'], unique=False)

    op.create_table('name_token',
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_name_token_customer_id_customer')),
    sa.PrimaryKeyConstraint('token', 'customer_id', name=op.f('pk_name_token'))
    )
    with op.batch_alter_table('name_token', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_name_token_customer_id'), ['customer_id'], unique=False)

    op.create_table('order_total',
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('orders', sa.Integer(), nullable=False),
    sa.Column('net', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_order_total_customer_id_customer')),
    sa.PrimaryKeyConstraint('currency', 'customer_id', name=op.f('pk_order_total'))
    )
    with op.batch_alter_table('order_total', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_order_total_customer_id'), ['customer_id'], unique=False)

    op.create_table('person',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('team_id', sa.Integer(), nullable=True),
    sa.Column('slack_user_id', sa.String(), nullable=True),
    sa.Column('language', sa.String(), nullable=True),
    sa.Column('timezone', sa.String(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['team_id'], ['team.id'], name=op.f('fk_person_team_id_team')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('email', name=op.f('uq_person_email'))
    )
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_person_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_person_team_id'), ['team_id'], unique=False)
        batch_op.create_index('uq_person_slack_user_id', ['slack_user_id'], unique=True)

    op.create_table('record_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('before', sa.String(), nullable=False),
    sa.Column('after', sa.String(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('since_before', sa.Date(), nullable=True),
    sa.Column('tier_before', sa.String(), nullable=True),
    sa.Column('scheme_version_id', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_record_change_customer_id_customer')),
    sa.ForeignKeyConstraint(['scheme_version_id'], ['scheme_version.id'], name=op.f('fk_record_change_scheme_version_id_scheme_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_record_change')),
    sa.UniqueConstraint('customer_id', 'after', 'effective_on', name=op.f('uq_record_change_customer_id_after_effective_on'))
    )
    op.create_table('review_answer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('answered_by', sa.String(), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('hidden_until', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_review_answer_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review_answer'))
    )
    with op.batch_alter_table('review_answer', schema=None) as batch_op:
        batch_op.create_index('ix_review_answer_item', ['customer_id', 'reason', 'item', 'hidden_until'], unique=False)

    op.create_table('scheme_step',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('scheme_version_id', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('scheme', sa.String(), nullable=False),
    sa.Column('applies_to', sa.String(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=True),
    sa.Column('effective_from', sa.Date(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['scheme_version_id'], ['scheme_version.id'], name=op.f('fk_scheme_step_scheme_version_id_scheme_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scheme_step'))
    )
    with op.batch_alter_table('scheme_step', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_scheme_step_scheme_version_id'), ['scheme_version_id'], unique=False)

    op.create_table('tier_override',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('tier', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('approver', sa.String(), nullable=True),
    sa.Column('set_by', sa.String(), nullable=False),
    sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.String(), nullable=True),
    sa.Column('end_reason', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_tier_override_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tier_override'))
    )
    with op.batch_alter_table('tier_override', schema=None) as batch_op:
        batch_op.create_index('ix_tier_override_open', ['customer_id', 'purpose'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.create_table('touch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('dedupe_key', sa.String(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('step', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('tier', sa.String(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('anchor', sa.Date(), nullable=True),
    sa.Column('remind_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('outbox_id', sa.Integer(), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_by', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_touch_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_touch')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_touch_dedupe_key'))
    )
    with op.batch_alter_table('touch', schema=None) as batch_op:
        batch_op.create_index('ix_touch_customer', ['customer_id', 'step'], unique=False)
        batch_op.create_index('ix_touch_due', ['remind_at'], unique=False, sqlite_where=sa.text("state IN ('planned', 'snoozed')"), postgresql_where=sa.text("state IN ('planned', 'snoozed')"))
        batch_op.create_index('uq_touch_open', ['customer_id', 'step'], unique=True, sqlite_where=sa.text("state IN ('planned', 'reminded', 'snoozed')"), postgresql_where=sa.text("state IN ('planned', 'reminded', 'snoozed')"))

    op.create_table('activity',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('external_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('happened_on', sa.Date(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('note', sa.String(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_activity_customer_id_customer')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_activity_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_activity')),
    sa.UniqueConstraint('source', 'external_id', name=op.f('uq_activity_source_external_id'))
    )
    with op.batch_alter_table('activity', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_activity_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index('ix_activity_customer_day', ['customer_id', 'happened_on', 'kind'], unique=False)

    op.create_table('assessment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('scheme_version_id', sa.Integer(), nullable=True),
    sa.Column('tier', sa.String(), nullable=False),
    sa.Column('computed_tier', sa.String(), nullable=True),
    sa.Column('held', sa.Boolean(), nullable=False),
    sa.Column('capped_by', sa.String(), nullable=True),
    sa.Column('exact_score', sa.Float(), nullable=True),
    sa.Column('score', sa.Float(), nullable=True),
    sa.Column('coverage', sa.Float(), nullable=False),
    sa.Column('low', sa.Float(), nullable=True),
    sa.Column('high', sa.Float(), nullable=True),
    sa.Column('certain', sa.Boolean(), nullable=False),
    sa.Column('tier_since', sa.Date(), nullable=False),
    sa.Column('overridden', sa.Boolean(), nullable=False),
    sa.Column('standing', sa.String(), nullable=True),
    sa.Column('since', sa.Integer(), nullable=False),
    sa.Column('rising_since', sa.Integer(), nullable=False),
    sa.Column('falling_since', sa.Integer(), nullable=False),
    sa.Column('clean', sa.String(), nullable=True),
    sa.Column('inputs', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_assessment_customer_id_customer')),
    sa.ForeignKeyConstraint(['run_id'], ['grading_run.id'], name=op.f('fk_assessment_run_id_grading_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assessment')),
    sa.UniqueConstraint('run_id', 'customer_id', name=op.f('uq_assessment_run_id_customer_id'))
    )
    with op.batch_alter_table('assessment', schema=None) as batch_op:
        batch_op.create_index('ix_assessment_customer', ['customer_id', 'run_id'], unique=False)

    op.create_table('order_line',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('order_id', sa.Integer(), nullable=False),
    sa.Column('line', sa.String(), nullable=False),
    sa.Column('product', sa.String(), nullable=True),
    sa.Column('product_type', sa.String(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=True),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['customer_order.id'], name=op.f('fk_order_line_order_id_customer_order')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_order_line')),
    sa.UniqueConstraint('order_id', 'line', name=op.f('uq_order_line_order_id_line'))
    )
    with op.batch_alter_table('order_line', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_order_line_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index('ix_order_line_cover', ['order_id', 'product_type', 'amount', 'cost'], unique=False)

    op.create_table('outbox',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('dedupe_key', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('recipient', sa.Integer(), nullable=True),
    sa.Column('channel', sa.String(), nullable=True),
    sa.Column('body_json', sa.String(), nullable=False),
    sa.Column('body_hash', sa.String(), nullable=False),
    sa.Column('once_only', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('attempt_id', sa.String(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('first_try_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('unknown_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('possible_repeat', sa.Boolean(), nullable=False),
    sa.Column('slack_ts', sa.String(), nullable=True),
    sa.Column('slack_channel', sa.String(), nullable=True),
    sa.Column('error_class', sa.String(), nullable=True),
    sa.Column('error', sa.String(), nullable=True),
    sa.Column('not_after', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['recipient'], ['person.id'], name=op.f('fk_outbox_recipient_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_outbox_dedupe_key'))
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_address', ['address', 'state', 'id'], unique=False)
        batch_op.create_index('ix_outbox_due', ['state', 'next_at'], unique=False, sqlite_where=sa.text("state = 'pending' OR state = 'unknown'"), postgresql_where=sa.text("state = 'pending' OR state = 'unknown'"))
        batch_op.create_index('uq_outbox_sending', ['address'], unique=True, sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))

    op.create_table('ownership',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('batch_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_ownership_customer_id_customer')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_ownership_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ownership'))
    )
    with op.batch_alter_table('ownership', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ownership_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ownership_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index('ix_ownership_person_open', ['person_id', 'ends_on'], unique=False)
        batch_op.create_index('uq_ownership_open_primary', ['customer_id'], unique=True, sqlite_where=sa.text("ends_on IS NULL AND role = 'primary'"), postgresql_where=sa.text("ends_on IS NULL AND role = 'primary'"))

    op.create_table('shadow_move',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('scheme_version_id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('tier', sa.String(), nullable=False),
    sa.Column('shadow_tier', sa.String(), nullable=False),
    sa.Column('score', sa.Float(), nullable=True),
    sa.Column('shadow_score', sa.Float(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_shadow_move_customer_id_customer')),
    sa.ForeignKeyConstraint(['run_id'], ['grading_run.id'], name=op.f('fk_shadow_move_run_id_grading_run')),
    sa.ForeignKeyConstraint(['scheme_version_id'], ['scheme_version.id'], name=op.f('fk_shadow_move_scheme_version_id_scheme_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shadow_move')),
    sa.UniqueConstraint('run_id', 'scheme_version_id', 'customer_id', name=op.f('uq_shadow_move_run_id_scheme_version_id_customer_id'))
    )
    with op.batch_alter_table('shadow_move', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shadow_move_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_shadow_move_scheme_version_id'), ['scheme_version_id'], unique=False)

    op.create_table('shadow_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('scheme_version_id', sa.Integer(), nullable=False),
    sa.Column('movers', sa.Integer(), nullable=False),
    sa.Column('problem', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['run_id'], ['grading_run.id'], name=op.f('fk_shadow_run_run_id_grading_run')),
    sa.ForeignKeyConstraint(['scheme_version_id'], ['scheme_version.id'], name=op.f('fk_shadow_run_scheme_version_id_scheme_version')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shadow_run')),
    sa.UniqueConstraint('run_id', 'scheme_version_id', name=op.f('uq_shadow_run_run_id_scheme_version_id'))
    )
    with op.batch_alter_table('shadow_run', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shadow_run_scheme_version_id'), ['scheme_version_id'], unique=False)

    op.create_table('tier_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('from_tier', sa.String(), nullable=False),
    sa.Column('to_tier', sa.String(), nullable=False),
    sa.Column('score_before', sa.Float(), nullable=True),
    sa.Column('score_after', sa.Float(), nullable=True),
    sa.Column('outbox_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_tier_change_customer_id_customer')),
    sa.ForeignKeyConstraint(['run_id'], ['grading_run.id'], name=op.f('fk_tier_change_run_id_grading_run')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tier_change')),
    sa.UniqueConstraint('customer_id', 'purpose', 'as_of', 'from_tier', 'to_tier', name=op.f('uq_tier_change_customer_id_purpose_as_of_from_tier_to_tier'))
    )
    with op.batch_alter_table('tier_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tier_change_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tier_change_outbox_id'), ['outbox_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tier_change_run_id'), ['run_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('tier_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_tier_change_run_id'))
        batch_op.drop_index(batch_op.f('ix_tier_change_outbox_id'))
        batch_op.drop_index(batch_op.f('ix_tier_change_customer_id'))

    op.drop_table('tier_change')
    with op.batch_alter_table('shadow_run', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_shadow_run_scheme_version_id'))

    op.drop_table('shadow_run')
    with op.batch_alter_table('shadow_move', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_shadow_move_scheme_version_id'))
        batch_op.drop_index(batch_op.f('ix_shadow_move_customer_id'))

    op.drop_table('shadow_move')
    with op.batch_alter_table('ownership', schema=None) as batch_op:
        batch_op.drop_index('uq_ownership_open_primary', sqlite_where=sa.text("ends_on IS NULL AND role = 'primary'"), postgresql_where=sa.text("ends_on IS NULL AND role = 'primary'"))
        batch_op.drop_index('ix_ownership_person_open')
        batch_op.drop_index(batch_op.f('ix_ownership_customer_id'))
        batch_op.drop_index(batch_op.f('ix_ownership_batch_id'))

    op.drop_table('ownership')
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.drop_index('uq_outbox_sending', sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))
        batch_op.drop_index('ix_outbox_due', sqlite_where=sa.text("state = 'pending' OR state = 'unknown'"), postgresql_where=sa.text("state = 'pending' OR state = 'unknown'"))
        batch_op.drop_index('ix_outbox_address')

    op.drop_table('outbox')
    with op.batch_alter_table('order_line', schema=None) as batch_op:
        batch_op.drop_index('ix_order_line_cover')
        batch_op.drop_index(batch_op.f('ix_order_line_batch_id'))

    op.drop_table('order_line')
    with op.batch_alter_table('assessment', schema=None) as batch_op:
        batch_op.drop_index('ix_assessment_customer')

    op.drop_table('assessment')
    with op.batch_alter_table('activity', schema=None) as batch_op:
        batch_op.drop_index('ix_activity_customer_day')
        batch_op.drop_index(batch_op.f('ix_activity_batch_id'))

    op.drop_table('activity')
    with op.batch_alter_table('touch', schema=None) as batch_op:
        batch_op.drop_index('uq_touch_open', sqlite_where=sa.text("state IN ('planned', 'reminded', 'snoozed')"), postgresql_where=sa.text("state IN ('planned', 'reminded', 'snoozed')"))
        batch_op.drop_index('ix_touch_due', sqlite_where=sa.text("state IN ('planned', 'snoozed')"), postgresql_where=sa.text("state IN ('planned', 'snoozed')"))
        batch_op.drop_index('ix_touch_customer')

    op.drop_table('touch')
    with op.batch_alter_table('tier_override', schema=None) as batch_op:
        batch_op.drop_index('ix_tier_override_open', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))

    op.drop_table('tier_override')
    with op.batch_alter_table('scheme_step', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_scheme_step_scheme_version_id'))

    op.drop_table('scheme_step')
    with op.batch_alter_table('review_answer', schema=None) as batch_op:
        batch_op.drop_index('ix_review_answer_item')

    op.drop_table('review_answer')
    op.drop_table('record_change')
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index('uq_person_slack_user_id')
        batch_op.drop_index(batch_op.f('ix_person_team_id'))
        batch_op.drop_index(batch_op.f('ix_person_batch_id'))

    op.drop_table('person')
    with op.batch_alter_table('order_total', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_order_total_customer_id'))

    op.drop_table('order_total')
    with op.batch_alter_table('name_token', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_name_token_customer_id'))

    op.drop_table('name_token')
    with op.batch_alter_table('invoice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_invoice_currency'))
        batch_op.drop_index('ix_invoice_cover')
        batch_op.drop_index(batch_op.f('ix_invoice_batch_id'))

    op.drop_table('invoice')
    with op.batch_alter_table('import_change', schema=None) as batch_op:
        batch_op.drop_index('ix_import_change_row')
        batch_op.drop_index(batch_op.f('ix_import_change_batch_id'))

    op.drop_table('import_change')
    with op.batch_alter_table('grading_run', schema=None) as batch_op:
        batch_op.drop_index('ix_grading_run_published')

    op.drop_table('grading_run')
    with op.batch_alter_table('fact', schema=None) as batch_op:
        batch_op.drop_index('uq_fact_current', sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_fact_superseded_by_batch'))
        batch_op.drop_index('ix_fact_lookup')
        batch_op.drop_index('ix_fact_book', sqlite_where=sa.text('superseded_at IS NULL'), postgresql_where=sa.text('superseded_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_fact_batch_id'))

    op.drop_table('fact')
    with op.batch_alter_table('customer_order', schema=None) as batch_op:
        batch_op.drop_index('ix_customer_order_cover')
        batch_op.drop_index(batch_op.f('ix_customer_order_batch_id'))

    op.drop_table('customer_order')
    with op.batch_alter_table('customer_name', schema=None) as batch_op:
        batch_op.drop_index('ix_customer_name_key')
        batch_op.drop_index(batch_op.f('ix_customer_name_customer_id'))
        batch_op.drop_index(batch_op.f('ix_customer_name_batch_id'))

    op.drop_table('customer_name')
    with op.batch_alter_table('customer_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_customer_key_customer_id'))
        batch_op.drop_index(batch_op.f('ix_customer_key_batch_id'))

    op.drop_table('customer_key')
    with op.batch_alter_table('credit_approval', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_credit_approval_customer_id'))

    op.drop_table('credit_approval')
    with op.batch_alter_table('team', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_team_lead_id'))
        batch_op.drop_index(batch_op.f('ix_team_batch_id'))

    op.drop_table('team')
    op.drop_table('tally')
    op.drop_table('scheme_version')
    op.drop_table('lane')
    with op.batch_alter_table('inbox', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_inbox_received_at'))

    op.drop_table('inbox')
    with op.batch_alter_table('import_batch', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_import_batch_file_sha256'))

    op.drop_table('import_batch')
    op.drop_table('heartbeat')
    with op.batch_alter_table('exchange_rate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_exchange_rate_batch_id'))

    op.drop_table('exchange_rate')
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_customer_parent_id'))
        batch_op.drop_index(batch_op.f('ix_customer_code'))
        batch_op.drop_index(batch_op.f('ix_customer_batch_id'))

    op.drop_table('customer')
    op.drop_table('cursor')
    op.drop_table('column_mapping')
    op.drop_table('circuit')
    with op.batch_alter_table('activity_period', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_activity_period_batch_id'))

    op.drop_table('activity_period')
