// A surface is one message or view with what a person has entered in it. It is remembered for as long as the page is
// open, because the message or view may be drawn once more at any time.
import { post, sentence } from "./server.js";
import { toast } from "./dialogs.js";

const remembered = new Map();

function put(values, blockId, element, value) {
  (values[blockId] ??= {})[element.action_id] = value;
}

export function surfaceOf(address, user, key) {
  const name = `${user}/${key}`;
  if (!remembered.has(name)) remembered.set(name, { inputs: {}, words: {} });
  const { inputs, words } = remembered.get(name);
  return {
    address,
    inputs,
    held: (blockId, element) => inputs[blockId]?.[element.action_id],
    enter: (blockId, element, value) => put(inputs, blockId, element, value),
    // The words in the field of a select that is searched; only the option chosen there is sent.
    written: (blockId, element) => words[blockId]?.[element.action_id],
    write: (blockId, element, value) => put(words, blockId, element, value),
    async act(blockId, element, value) {
      const outcome = await post("act", {
        user,
        ...address,
        block_id: blockId,
        action_id: element.action_id,
        value,
        inputs,
      });
      if (!outcome.ok) toast(sentence(outcome), "error");
      return outcome;
    },
    suggest: (blockId, element, typed) =>
      post("suggest", { user, ...address, block_id: blockId, action_id: element.action_id, typed }),
    submit: () => post("submit", { user, ...address, inputs }),
    close: () => post("close", { user, ...address }),
  };
}
