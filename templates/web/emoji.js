const EMOJI = Object.fromEntries(
  `+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|tada 🎉|wave 👋|eyes 👀|pray 🙏|clap 👏|muscle 💪|raised_hands 🙌|handshake 🤝|
  smile 😄|slightly_smiling_face 🙂|grin 😁|joy 😂|thinking_face 🤔|worried 😟|cry 😢|sweat_smile 😅|sunglasses 😎|heart ❤️|
  star ⭐|star2 🌟|sparkles ✨|fire 🔥|rocket 🚀|trophy 🏆|medal 🏅|crown 👑|gem 💎|first_place_medal 🥇|second_place_medal 🥈|
  third_place_medal 🥉|white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|ballot_box_with_ballot 🗳️|x ❌|no_entry ⛔|no_entry_sign 🚫|
  warning ⚠️|exclamation ❗|question ❓|information_source ℹ️|bulb 💡|bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢|rotating_light 🚨|heavy_minus_sign ➖|
  calendar 📅|date 📅|spiral_calendar_pad 🗓️|clock3 🕒|alarm_clock ⏰|hourglass ⌛|hourglass_flowing_sand ⏳|zzz 💤|
  phone ☎️|telephone_receiver 📞|email 📧|envelope ✉️|memo 📝|writing_hand ✍️|scroll 📜|card_index_dividers 🗂️|inbox_tray 📥|balance_scale ⚖️|pencil ✏️|clipboard 📋|page_facing_up 📄|paperclip 📎|link 🔗|
  chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|moneybag 💰|dollar 💵|yen 💴|euro 💶|credit_card 💳|
  briefcase 💼|office 🏢|factory 🏭|house 🏠|package 📦|truck 🚚|airplane ✈️|car 🚗|gift 🎁|birthday 🎂|cake 🍰|balloon 🎈|
  lantern 🏮|izakaya_lantern 🏮|red_envelope 🧧|firecracker 🧨|christmas_tree 🎄|crescent_moon 🌙|coffee ☕|tea 🍵|cherry_blossom 🌸|
  arrow_up ⬆️|arrow_down ⬇️|arrow_right ➡️|arrow_left ⬅️|arrow_upper_right ↗️|arrow_lower_right ↘️|small_red_triangle 🔺|
  small_red_triangle_down 🔻|red_circle 🔴|large_orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵|
  white_circle ⚪|black_circle ⚫|large_purple_circle 🟣|lock 🔒|closed_lock_with_key 🔐|unlock 🔓|key 🔑|gear ⚙️|wrench 🔧|mag 🔍|repeat 🔁|leftwards_arrow_with_hook ↩️|arrows_counterclockwise 🔄|
  robot_face 🤖|busts_in_silhouette 👥|bust_in_silhouette 👤|speech_balloon 💬|pushpin 📌|round_pushpin 📍|flag-cn 🇨🇳|flag-de 🇩🇪|globe_with_meridians 🌐`
    .split("|")
    .map((entry) => entry.trim().split(" ")),
);

// An unknown name stays as it was written, as in Slack.
export const emojiOf = (name) => EMOJI[name.split("::")[0]];

export const withEmoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emojiOf(name) ?? whole);
