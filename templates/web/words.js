// The page's own texts, in two languages. The bot's messages are not here: it writes in each person's language.
const WORDS = {
  en: {
    skip: "Skip to the message box",
    title: "local workspace",
    notSlack: "Runs on this computer. This is not Slack.",
    conversations: "Conversations",
    channels: "Channels",
    directMessages: "Direct messages",
    youAre: "You are",
    theme: "Light or dark",
    panel: "Let time pass",
    panelNote: "What would happen over weeks, at the press of a button.",
    faults: "Let Slack fail",
    faultsNote: "What Slack and the network do to a bot now and then. No message may be lost by it.",
    faultsOn: "{n} switched on",
    struck: "Struck {n} times",
    kept: "Messages arrived: {stored} · second copies: {repeated}",
    messages: "Messages",
    home: "Home",
    homeEmpty: "The bot has not put anything here yet.",
    send: "Send",
    unsent: "Not sent",
    sendAgain: "Send again",
    drop: "Drop",
    hint: "Type / for commands. Enter sends, Shift+Enter starts a new line.",
    writeTo: "Message {name}",
    onlyYou: "Only visible to you",
    edited: "(edited)",
    app: "BOT",
    system: "Workspace",
    empty: "Nothing here yet. Try a command: type /",
    members: "{n} members",
    directWith: "Direct message with {name}",
    run: "Run",
    running: "Working …",
    cancel: "Cancel",
    close: "Close",
    submit: "Submit",
    optional: "(optional)",
    choose: "Choose",
    more: "More",
    search: "Type to search",
    nothingFound: "Nothing found",
    connected: "The bot is connected",
    notConnected: "The bot is not connected",
    offline: "The local workspace does not answer. Is it still running?",
    unread: "{n} unread",
    today: "Today",
    yesterday: "Yesterday",
    tomorrow: "Tomorrow",
    admin: "Administrator",
    sure: "Are you sure?",
    not_in_channel: "You are not in this conversation.",
    is_archived: "This channel is archived.",
    control_busy: "Another step is still running. Wait until it has finished.",
    operation_timeout: "The bot did not respond in time. Try again?",
    dispatch_failed: "The bot is not connected.",
    failed: "That did not work: {error}",
  },
  zh: {
    skip: "跳到输入框",
    title: "本地工作区",
    notSlack: "只在这台电脑上运行。这不是 Slack。",
    conversations: "会话",
    channels: "频道",
    directMessages: "私信",
    youAre: "当前身份",
    theme: "浅色或深色",
    panel: "让时间流逝",
    panelNote: "几周里会发生的事，一键重现。",
    faults: "让 Slack 出故障",
    faultsNote: "Slack 和网络偶尔会这样对待机器人，但任何消息都不能因此丢失。",
    faultsOn: "已开启 {n} 项",
    struck: "已发生 {n} 次",
    kept: "已送达消息：{stored} · 重复：{repeated}",
    messages: "消息",
    home: "主页",
    homeEmpty: "机器人还没有在这里放内容。",
    send: "发送",
    unsent: "未发送",
    sendAgain: "重新发送",
    drop: "放弃",
    hint: "输入 / 查看命令。Enter 发送，Shift+Enter 换行。",
    writeTo: "发消息到 {name}",
    onlyYou: "仅你可见",
    edited: "（已编辑）",
    app: "机器人",
    system: "工作区",
    empty: "这里还没有消息。试试命令：输入 /",
    members: "{n} 位成员",
    directWith: "与 {name} 的私信",
    run: "执行",
    running: "正在执行……",
    cancel: "取消",
    close: "关闭",
    submit: "提交",
    optional: "（选填）",
    choose: "请选择",
    more: "更多",
    search: "输入以搜索",
    nothingFound: "没有找到",
    connected: "机器人已连接",
    notConnected: "机器人未连接",
    offline: "本地工作区没有响应。它还在运行吗？",
    unread: "{n} 条未读",
    today: "今天",
    yesterday: "昨天",
    tomorrow: "明天",
    admin: "管理员",
    sure: "确定吗？",
    not_in_channel: "你不在这个会话中。",
    is_archived: "此频道已归档。",
    control_busy: "另一个步骤还在执行，请等它完成。",
    operation_timeout: "机器人没有及时响应。再试一次？",
    dispatch_failed: "机器人未连接。",
    failed: "没有成功：{error}",
  },
};

let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");

export const currentLanguage = () => language;
export const currentLocale = () => (language === "zh" ? "zh-CN" : "en-GB");

export function setLanguage(next) {
  language = next;
  localStorage.setItem("language", next);
}

export function t(key, values = {}) {
  const words = WORDS[language][key] ?? WORDS.en[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const hasWord = (key) => key in WORDS.en;

// The texts of index.html.
export function translatePage() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = t(node.dataset.word);
  for (const node of document.querySelectorAll("[data-word-label]")) {
    node.setAttribute("aria-label", t(node.dataset.wordLabel));
    if (node.tagName === "BUTTON") node.title = t(node.dataset.wordLabel);
  }
}
