// Channels, direct messages, and the choice of the person whose view is shown.
import { avatar, byId, el, refill } from "./dom.js";
import { currentLanguage, t } from "./words.js";

const count = (n) => n > 0 && el("span", { class: "count", "aria-label": t("unread", { n }) }, String(n));

function entry(channel, state, open) {
  const bot = state.users.find((user) => user.id === state.bot);
  const current = channel.id === state.channel;
  const name = channel.is_im ? bot.real_name : channel.name;
  const sign = channel.is_im ? avatar(bot, "tiny") : el("span", { class: "sign", "aria-hidden": "true" }, channel.is_private ? "◆" : "#");
  return el(
    "li",
    {},
    el(
      "button",
      {
        type: "button",
        id: `channel-${channel.id}`,
        class: channel.unread ? "unread" : "",
        "aria-current": current ? "page" : undefined,
        onclick: () => open(channel.id),
        data: { testid: "channel", channelId: channel.id, channelName: name },
      },
      sign,
      el("span", { class: "name" }, name),
      !current && count(channel.unread),
    ),
  );
}

function person(user, state, become) {
  return el(
    "li",
    {},
    el(
      "button",
      {
        type: "button",
        id: `person-${user.id}`,
        "aria-pressed": String(user.id === state.me),
        onclick: () => become(user.id),
        data: { testid: "user", userId: user.id },
      },
      avatar(user, "small"),
      el("span", { class: "who" }, el("span", { class: "name" }, user.real_name), el("span", { class: "role" }, user.title)),
      user.id !== state.me && count(state.unread_of[user.id]),
    ),
  );
}

export function showSidebar(state, { open, become }) {
  const frame = [state.me, state.channel, currentLanguage()];
  const channels = state.channels.filter((channel) => !channel.is_im);
  const directs = state.channels.filter((channel) => channel.is_im);
  refill(byId("channels"), [channels, frame], () => channels.map((channel) => entry(channel, state, open)));
  refill(byId("directs"), [directs, frame], () => directs.map((channel) => entry(channel, state, open)));
  const people = state.users.filter((user) => !user.is_bot);
  refill(byId("people"), [people, state.unread_of, frame], () => people.map((user) => person(user, state, become)));
}

export function showHead(state) {
  const channel = state.channels.find((one) => one.id === state.channel);
  const bot = state.users.find((user) => user.id === state.bot);
  const name = channel.is_im ? bot.real_name : `# ${channel.name}`;
  const about = channel.is_im ? t("directWith", { name: bot.real_name }) : [t("members", { n: channel.members }), channel.topic].filter(Boolean).join(" · ");
  byId("conversation-name").textContent = name;
  byId("conversation-topic").textContent = about;
  byId("composer-text").placeholder = t("writeTo", { name: channel.is_im ? name : `#${channel.name}` });
  byId("composer-text").setAttribute("aria-label", byId("composer-text").placeholder);
  return channel;
}
