// The page: one snapshot of what one person sees, shown anew whenever the workspace has changed.
import { byId } from "./dom.js";
import { toast } from "./dialogs.js";
import { landComposer, moveComposer, showComposer, wireComposer } from "./composer.js";
import { showFaults } from "./faults.js";
import { showHome, showModal } from "./modal.js";
import { showMessages } from "./messages.js";
import { formatDate } from "./mrkdwn.js";
import { showPanel } from "./panel.js";
import { listen, post, readState } from "./server.js";
import { showHead, showSidebar } from "./sidebar.js";
import { currentLanguage, setLanguage, t, translatePage } from "./words.js";

const CLOCK_MS = 20_000;
const at = new URLSearchParams(location.search);
const looking = { user: at.get("user") ?? "", channel: at.get("channel") ?? "", tab: "messages" };
let state = null;

function contextOf(snapshot) {
  const users = new Map(snapshot.users.map((user) => [user.id, user]));
  return {
    users,
    channelNames: snapshot.channel_names,
    me: snapshot.me,
    now: new Date(snapshot.now),
    timeZone: users.get(snapshot.me)?.tz ?? "UTC",
  };
}

function showClock(context) {
  const short = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  const narrow = matchMedia("(max-width: 720px)").matches;
  const style = narrow ? short : { weekday: "short", year: "numeric", ...short };
  const city = narrow ? "" : ` · ${context.timeZone.split("/").at(-1).replaceAll("_", " ")}`;
  byId("clock").textContent = formatDate(context.now, style, context) + city;
  byId("clock").dateTime = context.now.toISOString();
  byId("clock").title = context.timeZone;
  const words = t(state.connected ? "connected" : "notConnected");
  byId("connection").className = `dot ${state.connected ? "on" : "off"}`;
  byId("connection").setAttribute("aria-label", words);
  byId("connection").title = words;
}

function showTabs(channel) {
  const hasHome = channel.is_im && state.has_home;
  if (!hasHome) looking.tab = "messages";
  byId("tabs").hidden = !hasHome;
  const home = looking.tab === "home";
  byId("tab-home").setAttribute("aria-selected", String(home));
  byId("tab-messages").setAttribute("aria-selected", String(!home));
  byId("home").hidden = !home;
  byId("messages").hidden = home;
  byId("composer").hidden = home;
}

function show() {
  const context = contextOf(state);
  translatePage();
  byId("language").textContent = currentLanguage() === "zh" ? "English" : "中文";
  showClock(context);
  showSidebar(state, { open, become });
  showTabs(showHead(state));
  showHome(state, context);
  showMessages(state, context);
  showPanel(state);
  showFaults(state);
  showComposer(state);
  showModal(state, context);
}

let reading = false;
let again = false;

// One request at a time; a change during a request is read by one more request.
async function refresh() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  try {
    do {
      again = false;
      const asked = `${looking.user}/${looking.channel}`;
      const next = await readState(looking.user, looking.channel);
      if (asked !== `${looking.user}/${looking.channel}`) {
        again = true;
        continue;
      }
      state = next;
      looking.user = state.me;
      looking.channel = state.channel;
      show();
      landComposer({ user: looking.user, channel: looking.channel });
      const channel = state.channels.find((one) => one.id === state.channel);
      if (channel.unread && document.visibilityState === "visible") {
        await post("read", { user: state.me, channel: state.channel });
      }
    } while (again);
  } catch (error) {
    lost(error);
  } finally {
    reading = false;
  }
}

function lost() {
  byId("connection").className = "dot off";
  if (!document.querySelector(".toast.error")) toast(t("offline"), "error");
}

function moved() {
  moveComposer({ user: looking.user, channel: looking.channel });
  const query = new URLSearchParams({ user: looking.user, channel: looking.channel });
  history.replaceState(null, "", `?${query}`);
  document.body.classList.remove("sidebar-open");
  byId("open-sidebar").setAttribute("aria-expanded", "false");
  byId("scrim").hidden = true;
  refresh();
}

function open(channel) {
  looking.channel = channel;
  looking.tab = "messages";
  moved();
}

const directOf = (user) => `D${user.slice(1)}`;

function become(user) {
  // The same channel where the person is in it; their own direct message instead of another's. By its id, because
  // the page may not have been told yet what the person before may see.
  if (looking.channel === directOf(looking.user)) looking.channel = directOf(user);
  looking.user = user;
  looking.tab = "messages";
  moved();
}

function toggle(name, button) {
  const on = document.body.classList.toggle(name);
  byId("scrim").hidden = !(document.body.classList.contains("sidebar-open") || document.body.classList.contains("panel-open"));
  return on;
}

function wireTools() {
  byId("language").addEventListener("click", () => {
    setLanguage(currentLanguage() === "zh" ? "en" : "zh");
    show();
  });
  byId("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
  byId("open-sidebar").addEventListener("click", (event) => {
    event.currentTarget.setAttribute("aria-expanded", String(toggle("sidebar-open")));
  });
  byId("open-panel").addEventListener("click", (event) => {
    const narrow = matchMedia("(max-width: 1000px)").matches;
    const shown = narrow ? toggle("panel-open") : !document.body.classList.toggle("panel-closed");
    event.currentTarget.setAttribute("aria-expanded", String(shown));
  });
  byId("scrim").addEventListener("click", () => {
    document.body.classList.remove("sidebar-open", "panel-open");
    byId("scrim").hidden = true;
  });
  byId("tab-messages").addEventListener("click", () => {
    looking.tab = "messages";
    show();
  });
  byId("tab-home").addEventListener("click", async () => {
    looking.tab = "home";
    show();
    await post("home", { user: looking.user });
  });
}

const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
translatePage();
wireTools();
wireComposer();
listen(refresh, lost);
setInterval(refresh, CLOCK_MS);
refresh();
