"""Grading: from a customer's indicators to a score, a tier and the reasons for both.

Pure: columns in, columns out, no clock, no files besides the shipped presets. Read in this order:

1. `schemes/orders_only.yaml`: what a firm decides, in the format itself.
2. `scheme`: the same as values. `model` has the types; `reader` parses and validates, with `text` for
   places in the file, `types` for values, `rules` for what they must be to each other and `problems` for faults;
   `presets` lists the shipped schemes; `credit` derives payment terms and a limit from a grade.
3. `engine`: `scoring.grade(facts, scheme, as_of)` is the one function behind every tier. `fields` finds what is known,
   `curves` scores a value, `sums` adds up by the weights in `compiled`. `movement.move` takes a grading one snapshot
   further. `inputs` packs facts into the bytes stored with an assessment, `table` and `cells` read text as facts,
   `applicability` says which scheme grades whom.
4. `explain`: `breakdown`, a result in points; `attribution`, why it changed, in three parts; `headroom` (with `targets`),
   what lifts it; `pending`, which move waits; `missing_facts`, what to ask for.
5. `indicators`: totals of `orders`, `payments` and `events` -> indicator values; `altman`, Z scores of statements;
   `sources`, which fields are computed.
6. `views` on value: `rfm`, `concentration`, `value_matrix`, `rhythm`, `products`.
7. `diagnose` a scheme: `proposal`, the firm's own cut points; `diff`, two schemes over one book; `weights`, where they
   come from; `sensitivity`, how much depends on them; `stability`, drift and moves between gradings.

Nothing is imported here: `scheme` must stay free of numpy and pandas, and the rest is heavy.
"""
