// A surface is one message or view with what a person has entered in it but not yet sent.
import { post, sentence } from "./server.js";
import { toast } from "./dialogs.js";

const remembered = new Map();

export function surfaceOf(address, user, key) {
  const name = `${user}/${key}`;
  if (!remembered.has(name)) remembered.set(name, {});
  const inputs = remembered.get(name);
  return {
    address,
    inputs,
    held: (blockId, element) => inputs[blockId]?.[element.action_id],
    enter(blockId, element, value) {
      (inputs[blockId] ??= {})[element.action_id] = value;
    },
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
    forget: () => remembered.delete(name),
  };
}
