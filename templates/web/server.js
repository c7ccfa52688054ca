// Everything the page asks of the server.
import { hasWord, t } from "./words.js";

export async function readState(user, channel) {
  const query = new URLSearchParams({ user: user ?? "", channel: channel ?? "" });
  const answer = await fetch(`/page/state?${query}`);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

export async function post(doing, body) {
  try {
    const answer = await fetch(`/page/${doing}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return await answer.json();
  } catch {
    return { ok: false, error: "offline", message: "", errors: {} };
  }
}

// A sentence for an outcome that is not ok.
export function sentence(outcome) {
  if (outcome.message) return outcome.message;
  return hasWord(outcome.error) ? t(outcome.error) : t("failed", { error: outcome.error });
}

export function listen(onChange, onLost) {
  const stream = new EventSource("/page/events");
  stream.addEventListener("message", onChange);
  stream.addEventListener("error", onLost);
}
