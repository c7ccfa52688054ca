"""Grading: from a customer's indicators to a score, a tier and the reasons for both.

Pure: DataFrame in, DataFrame out, no clock, no files besides the shipped presets. Read in this order:

1. `schemes/orders_only.yaml`: what a firm decides, in the format itself.
2. `scheme_model`: the same as values; `scheme` parses, `scheme_reader` and its neighbours validate.
3. `scoring`: `grade(facts, scheme, as_of)`, the one function behind every tier.
   `fields` and `curves` are its two halves: what is known, and what a value scores.
4. `explanation`: the same result in points, for one customer; `attribution`: why it changed, in three parts;
   `headroom` (with `targets`, curves turned round): what lifts it; `missing_facts`: what to ask for.
5. `indicators`: order totals of a customer -> indicator values; `proposal`: the firm's own cut points.
6. `table`: text cells of a flat table -> typed facts.
7. Views on value: `rfm`, `concentration`, `value_matrix`, `rhythm`, `products`.
8. Diagnosis of a scheme: `weights` (where they come from), `sensitivity` (how much hangs on them), `stability`
   (drift and moves between gradings). `altman`: Z scores for the credit table.

Nothing is imported here: the scheme modules must stay free of pandas, and the rest is heavy.
"""
