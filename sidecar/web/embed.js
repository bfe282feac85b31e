// Puts the booking widget into a page:
//   <div style="min-height: 37rem">
//     <script async src="https://RELAY/embed.js" data-widget="calendar" data-key="EMBED_KEY"></script>
//   </div>
// The div keeps the place free until the script has come, so that nothing below it moves. Other attributes:
// data-widget="singlegame" data-activity="ACTIVITY_ID" data-lang="de".
// data-target: a selector of the element that it goes into, instead of after the script. The page hears of what happens by
// the events booking:held, booking:confirmed and booking:ended on the frame.
(() => {
  const script = document.currentScript;
  const { origin } = new URL(script.src);
  const { widget = 'calendar', key, activity, lang, target } = script.dataset;
  const titles = { en: 'Book a time', de: 'Termin buchen', fr: 'Réserver', es: 'Reservar' };
  const language = lang || document.documentElement.lang || navigator.language;
  const query = new URLSearchParams({ widget, origin: location.origin });
  if (key) query.set('key', key);
  if (activity) query.set('activityId', activity);
  if (language) query.set('lang', language);

  const frame = document.createElement('iframe');
  frame.title = script.dataset.title || titles[language.slice(0, 2).toLowerCase()] || titles.en;
  if (language) frame.lang = language;
  // The height that every step of the widget has: set before it loads, so that the page around does not move.
  Object.assign(frame.style, { border: '0', width: '100%', maxWidth: '44rem', height: '592px', display: 'block' });
  frame.allow = 'payment';

  addEventListener('message', (message) => {
    if (message.source !== frame.contentWindow || message.origin !== origin) return;
    const { type, height, ...detail } = message.data ?? {};
    if (type === 'booking:height' && height > 0 && height < 5000) frame.style.height = `${Math.ceil(height)}px`;
    if (['booking:held', 'booking:confirmed', 'booking:ended'].includes(type)) {
      frame.dispatchEvent(new CustomEvent(type, { bubbles: true, detail }));
    }
  });

  frame.src = `${origin}/embed?${query}`;
  const place = target && document.querySelector(target);
  if (place) place.append(frame);
  else script.after(frame);
})();
