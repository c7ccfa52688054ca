"""What the lines of orders and invoices leave open."""
