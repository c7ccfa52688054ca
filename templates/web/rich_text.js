// rich_text blocks.
import { el } from "./dom.js";
import { emojiOf } from "./emoji.js";
import { channelMention, formatDate, link, mention } from "./mrkdwn.js";

function styled(text, style = {}) {
  let node = document.createTextNode(text);
  if (style.code) node = el("code", {}, node);
  if (style.bold) node = el("strong", {}, node);
  if (style.italic) node = el("em", {}, node);
  if (style.strike) node = el("s", {}, node);
  return node;
}

const INLINE = {
  text: (part) => styled(part.text, part.style),
  link: (part) => link(part.url, part.text ?? part.url),
  emoji: (part) => document.createTextNode(emojiOf(part.name) ?? `:${part.name}:`),
  user: (part, context) => mention(part.user_id, context),
  channel: (part, context) => channelMention(part.channel_id, context),
  usergroup: () => el("span", { class: "mention" }, "@group"),
  broadcast: (part) => el("span", { class: "mention me" }, `@${part.range}`),
  date: (part, context) => document.createTextNode(formatDate(new Date(part.timestamp * 1000), { dateStyle: "medium" }, context)),
  color: (part) => el("code", {}, part.value),
};

const parts = (elements, context) => elements.map((part) => INLINE[part.type]?.(part, context));

const BLOCKS = {
  rich_text_section: (block, context) => el("p", {}, parts(block.elements, context)),
  rich_text_preformatted: (block, context) => el("pre", {}, parts(block.elements, context)),
  rich_text_quote: (block, context) => el("blockquote", {}, parts(block.elements, context)),
  rich_text_list: (block, context) =>
    el(
      block.style === "ordered" ? "ol" : "ul",
      { class: `indent-${Math.min(block.indent ?? 0, 3)}`, start: block.offset ? block.offset + 1 : undefined },
      block.elements.map((entry) => el("li", {}, parts(entry.elements, context))),
    ),
};

export const richText = (block, context) => block.elements.map((part) => BLOCKS[part.type]?.(part, context));
