// Slack's mrkdwn as DOM nodes. `context` knows people, channels, the viewer's time zone and the workspace's clock.
import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { currentLocale, t } from "./words.js";

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
// Plain text as it is read, where an element takes a string.
export const plainText = (text) => withEmoji(unescape(text));
const plainLeaf = (text) => document.createTextNode(plainText(text));

// A mark opens after and closes before something that is no letter or digit.
const marked = (mark) =>
  `(?<![\\p{L}\\p{N}${mark}])${mark}(?<inner>[^\\s${mark}](?:[^${mark}\\n]*[^\\s${mark}])?)${mark}(?![\\p{L}\\p{N}${mark}])`;
const INLINE = [
  { pattern: /<(?<inner>[^<>\n]+)>/u, build: (match, context) => entity(match.groups.inner, context) },
  { pattern: /`(?<inner>[^`\n]+)`/u, build: (match) => el("code", {}, unescape(match.groups.inner)) },
  { pattern: new RegExp(marked("\\*"), "u"), build: (match, context) => el("strong", {}, inline(match.groups.inner, context)) },
  { pattern: new RegExp(marked("_"), "u"), build: (match, context) => el("em", {}, inline(match.groups.inner, context)) },
  { pattern: new RegExp(marked("~"), "u"), build: (match, context) => el("s", {}, inline(match.groups.inner, context)) },
];

export function link(url, label) {
  if (!/^(https?:\/\/|mailto:|tel:)/i.test(url)) return document.createTextNode(label);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

export function mention(id, context, fallback) {
  const user = context.users.get(id);
  const mine = id === context.me ? " me" : "";
  return el("span", { class: `mention${mine}` }, `@${user?.real_name ?? fallback ?? id}`);
}

export function channelMention(id, context, fallback) {
  return el("span", { class: "mention" }, `#${context.channelNames[id] ?? fallback ?? id}`);
}

function entity(text, context) {
  const [target, label] = text.split(/\|(.*)/s);
  if (target.startsWith("@")) return mention(target.slice(1), context, label);
  if (target.startsWith("#")) return channelMention(target.slice(1), context, label);
  if (target.startsWith("!date^")) return dateEntity(target, label ?? "", context);
  if (target.startsWith("!subteam^")) return el("span", { class: "mention" }, label ?? "@group");
  if (target.startsWith("!")) return el("span", { class: "mention me" }, `@${target.slice(1)}`);
  const url = unescape(target);
  return link(url, label === undefined ? url.replace(/^mailto:/, "") : withEmoji(unescape(label)));
}

function dateEntity(target, fallback, context) {
  const [, seconds, format, url] = target.split("^");
  const instant = new Date(Number(seconds) * 1000);
  if (Number.isNaN(instant.getTime())) return plainLeaf(fallback);
  const text = unescape(format).replace(/\{(\w+)\}/g, (whole, token) => dateToken(token, instant, context) ?? whole);
  const shown = url ? link(unescape(url), text) : text;
  return el("time", { dateTime: instant.toISOString(), title: unescape(fallback) }, shown);
}

const DATE_STYLES = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "2-digit", minute: "2-digit" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

export function formatDate(instant, style, context) {
  return new Intl.DateTimeFormat(currentLocale(), { ...style, timeZone: context.timeZone }).format(instant);
}

export function dayName(instant, context) {
  const key = (date) => new Intl.DateTimeFormat("sv-SE", { timeZone: context.timeZone }).format(date);
  const gap = Math.round((Date.parse(key(instant)) - Date.parse(key(context.now))) / 86_400_000);
  return { 0: t("today"), [-1]: t("yesterday"), 1: t("tomorrow") }[gap];
}

function dateToken(token, instant, context) {
  const pretty = token.endsWith("_pretty");
  const style = DATE_STYLES[pretty ? token.slice(0, -"_pretty".length) : token];
  if (token === "ago") return relative(instant, context);
  if (!style) return undefined;
  return (pretty && dayName(instant, context)?.toLowerCase()) || formatDate(instant, style, context);
}

function relative(instant, context) {
  const minutes = Math.round((instant - context.now) / 60_000);
  const words = new Intl.RelativeTimeFormat(currentLocale(), { numeric: "auto" });
  if (Math.abs(minutes) < 60) return words.format(minutes, "minute");
  if (Math.abs(minutes) < 48 * 60) return words.format(Math.round(minutes / 60), "hour");
  return words.format(Math.round(minutes / 1440), "day");
}

export function inline(text, context) {
  let first = null;
  for (const { pattern, build } of INLINE) {
    const match = pattern.exec(text);
    if (match && (first === null || match.index < first.match.index)) first = { match, build };
  }
  if (first === null) return text ? [plainLeaf(text)] : [];
  const { match, build } = first;
  const rest = text.slice(match.index + match[0].length);
  return [...inline(text.slice(0, match.index), context), build(match, context), ...inline(rest, context)];
}

const QUOTE = /^(?:&gt;|>)\s?(.*)$/s;
const ITEM = /^\s*([•◦▪-]|\d+[.)])\s+(.+)$/u;

function lines(text, context) {
  const nodes = [];
  let quote = null;
  // Quotes and list items are blocks: no line break next to them.
  let afterBlock = true;
  for (const row of text.split("\n")) {
    const quoted = QUOTE.exec(row);
    const item = ITEM.exec(row);
    if (quoted && quote) quote.append(el("br"), ...inline(quoted[1], context));
    else if (quoted) nodes.push((quote = el("blockquote", {}, inline(quoted[1], context))));
    else if (item) {
      const bullet = el("span", { class: "bullet" }, item[1]);
      nodes.push(el("span", { class: "item" }, bullet, el("span", {}, inline(item[2], context))));
    } else {
      if (!afterBlock) nodes.push(el("br"));
      nodes.push(...inline(row, context));
    }
    if (!quoted) quote = null;
    afterBlock = Boolean(quoted || item);
  }
  return nodes;
}

export function mrkdwn(text, context) {
  return text.split(/```\n?([\s\S]+?)\n?```/).flatMap((part, index) => {
    if (index % 2) return [el("pre", {}, unescape(part))];
    return part ? lines(part.replace(/^\n|\n$/g, ""), context) : [];
  });
}

// A text object, or plain text.
export function textObject(object, context) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, context);
  const text = object.emoji === false ? object.text : withEmoji(object.text);
  return text.split("\n").flatMap((line, place) => [...(place ? [el("br", {})] : []), document.createTextNode(line)]);
}
