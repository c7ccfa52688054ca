// Block Kit blocks as DOM nodes.
import { el } from "./dom.js";
import { elementNode } from "./elements.js";
import { mrkdwn, textObject } from "./mrkdwn.js";
import { richText } from "./rich_text.js";
import { t } from "./words.js";

function picture(image, size) {
  const source = /^https?:/i.test(image.image_url ?? "") ? image.image_url : "";
  const node = el("img", { class: size, src: source, alt: image.alt_text, loading: "lazy" });
  node.addEventListener("error", () => node.replaceWith(el("span", { class: "muted" }, `🖼 ${image.alt_text}`)));
  return node;
}

function section(block, place) {
  const words = block.text && el("div", { class: "words" }, textObject(block.text, place.context));
  const fields =
    block.fields && el("div", { class: "fields" }, block.fields.map((field) => el("div", {}, textObject(field, place.context))));
  const body = el("div", { class: "section-body" }, words, fields);
  if (!block.accessory) return body;
  const accessory =
    block.accessory.type === "image" ? picture(block.accessory, "accessory-image") : elementNode(block.accessory, place);
  return el("div", { class: "with-accessory" }, body, el("div", { class: "accessory" }, accessory));
}

function input(block, place) {
  const error = place.errors?.[block.block_id];
  const optional = block.optional && el("span", { class: "muted" }, ` ${t("optional")}`);
  const label = block.label.text;
  const element = elementNode(block.element, { ...place, sends: Boolean(block.dispatch_action), label });
  const field = element.matches(".field") ? element : element.querySelector(".field");
  if (error) field?.setAttribute("aria-invalid", "true");
  return el(
    "div",
    { class: `input ${error ? "wrong" : ""}`, data: { testid: "input" } },
    el("div", { class: "input-label" }, textObject(block.label, place.context), optional),
    element,
    error && el("p", { class: "error", role: "alert", data: { testid: "input-error" } }, error),
    block.hint && el("p", { class: "hint" }, textObject(block.hint, place.context)),
  );
}

const cellText = (cell, context) => (cell.type === "rich_text" ? richText(cell, context) : cell.text);

// Rows with figures in the column come in their order, others in that of their texts.
function inColumn(rows, column, downwards) {
  const key = (row) => row[column]?.value ?? row[column]?.text ?? "";
  const compared = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  return [...rows].sort((a, b) => compared(key(a), key(b)) * (downwards ? -1 : 1));
}

function table(block, place) {
  const [head, ...rows] = block.rows;
  const rowHead = block.type === "data_table" ? (block.row_header_column_index ?? 0) : -1;
  const line = (row) =>
    el(
      "tr",
      {},
      row.map((cell, column) =>
        el(
          column === rowHead ? "th" : "td",
          { class: cell.type === "raw_number" ? "figure" : "", ...(column === rowHead ? { scope: "row" } : {}) },
          cellText(cell, place.context),
        ),
      ),
    );
  const body = el("tbody", {}, rows.map(line));
  let sorted = [-1, false];
  const sort = (column) => {
    sorted = [column, sorted[0] === column && !sorted[1]];
    body.replaceChildren(...inColumn(rows, ...sorted).map(line));
  };
  const title = (cell, column) =>
    block.type === "data_table"
      ? el("button", { type: "button", class: "sort", onclick: () => sort(column) }, cellText(cell, place.context))
      : cellText(cell, place.context);
  return el(
    "div",
    { class: "table-frame", tabIndex: 0 },
    el(
      "table",
      { data: { testid: "table" } },
      block.caption && el("caption", {}, block.caption),
      el("thead", {}, el("tr", {}, head.map((cell, column) => el("th", { scope: "col" }, title(cell, column))))),
      body,
    ),
  );
}

const BUILDERS = {
  data_table: table,
  table,
  section,
  input,
  header: (block, place) => el("h3", {}, textObject(block.text, place.context)),
  divider: () => el("hr"),
  context: (block, place) =>
    el(
      "div",
      { class: "context" },
      block.elements.map((part) =>
        part.type === "image" ? picture(part, "context-image") : el("span", {}, textObject(part, place.context)),
      ),
    ),
  actions: (block, place) => el("div", { class: "actions" }, block.elements.map((element) => elementNode(element, place))),
  image: (block, place) =>
    el(
      "figure",
      {},
      block.title && el("figcaption", {}, textObject(block.title, place.context)),
      picture(block, "block-image"),
    ),
  rich_text: (block, place) => el("div", { class: "rich" }, richText(block, place.context)),
  markdown: (block, place) => el("div", { class: "words" }, mrkdwn(block.text, place.context)),
};

export function blockNodes(blocks, { surface, context, errors = {} }) {
  return blocks.map((block) => {
    const build = BUILDERS[block.type];
    const place = { surface, context, errors, blockId: block.block_id };
    const node = build ? build(block, place) : el("span", { class: "muted" }, `[${block.type}]`);
    return el("div", { class: `block ${block.type}`, data: { blockId: block.block_id } }, node);
  });
}
