// What the widget says, and how it writes times, prices and numbers. Names of days and months, plurals and currencies are
// the browser's own (Intl); what is not translated is said in English.

const texts = {
  en: {
    title: 'Book a time', activity: 'What', people: 'People', days: 'Choose a day', slots: 'Choose a time',
    earlier: 'Earlier days', later: 'Later days', none: 'Nothing on this day. Try another one.',
    left: { one: '{n} place left', other: '{n} places left' }, soldOut: 'Sold out', free: 'Free of charge',
    perSession: '{price} for all', perSeat: '{price} each', from: 'from {price}', details: 'Your details', email: 'E-mail', name: 'Name',
    hold: 'Hold this time', back: 'Back', held: 'Held for you', timeLeft: 'Time left: {time}',
    minutesLeft: { one: '{n} minute left', other: '{n} minutes left' },
    confirm: 'Confirm booking', pay: 'Pay {price}', giveUp: 'Give it back', done: 'You are booked',
    number: 'Your booking number', again: 'Book another time', ranOut: 'The time has run out, and the place is free again.',
    taken: 'This time has just been taken. Please choose another one.', notPaidHere: 'Pay {price} at the venue’s own checkout. Your reservation:',
    waiting: 'Waiting for the payment…', noPage: 'The page for the payment cannot be reached at the moment.', failed: 'This did not work: {why}', retry: 'Try again', zone: 'Times in {zone}',
    yourTime: '{time} your time', loading: 'Loading…', offline: 'Not connected. Seats may be out of date.',
    emailWrong: 'Please enter an e-mail address.', givenBack: 'The place is free again.',
  },
  de: {
    title: 'Termin buchen', activity: 'Was', people: 'Personen', days: 'Tag wählen', slots: 'Uhrzeit wählen',
    earlier: 'Frühere Tage', later: 'Spätere Tage', none: 'An diesem Tag ist nichts. Bitte einen anderen wählen.',
    left: { one: 'noch {n} Platz', other: 'noch {n} Plätze' }, soldOut: 'Ausgebucht', free: 'Kostenlos',
    perSession: '{price} für alle', perSeat: '{price} pro Person', from: 'ab {price}', details: 'Ihre Angaben', email: 'E-Mail', name: 'Name',
    hold: 'Diese Zeit reservieren', back: 'Zurück', held: 'Für Sie reserviert', timeLeft: 'Verbleibende Zeit: {time}',
    minutesLeft: { one: 'noch {n} Minute', other: 'noch {n} Minuten' },
    confirm: 'Buchung bestätigen', pay: '{price} bezahlen', giveUp: 'Zurückgeben', done: 'Gebucht',
    number: 'Ihre Buchungsnummer', again: 'Weitere Zeit buchen', ranOut: 'Die Zeit ist abgelaufen, der Platz ist wieder frei.',
    taken: 'Diese Zeit wurde gerade vergeben. Bitte wählen Sie eine andere.', notPaidHere: '{price} über die Kasse des Anbieters bezahlen. Ihre Reservierung:',
    waiting: 'Warten auf die Zahlung …', noPage: 'Die Seite zum Bezahlen ist gerade nicht zu erreichen.', failed: 'Das hat nicht geklappt: {why}', retry: 'Noch einmal', zone: 'Zeiten in {zone}',
    yourTime: '{time} Ihrer Zeit', loading: 'Wird geladen …', offline: 'Keine Verbindung. Die freien Plätze können veraltet sein.',
    emailWrong: 'Bitte eine E-Mail-Adresse eingeben.', givenBack: 'Der Platz ist wieder frei.',
  },
  fr: {
    title: 'Réserver', activity: 'Activité', people: 'Personnes', days: 'Choisir un jour', slots: 'Choisir une heure',
    earlier: 'Jours précédents', later: 'Jours suivants', none: 'Rien ce jour-là. Essayez un autre jour.',
    left: { one: '{n} place restante', other: '{n} places restantes' }, soldOut: 'Complet', free: 'Gratuit',
    perSession: '{price} au total', perSeat: '{price} par personne', from: 'à partir de {price}', details: 'Vos coordonnées', email: 'E-mail', name: 'Nom',
    hold: 'Réserver cette heure', back: 'Retour', held: 'Réservé pour vous', timeLeft: 'Temps restant : {time}',
    minutesLeft: { one: 'encore {n} minute', other: 'encore {n} minutes' },
    confirm: 'Confirmer', pay: 'Payer {price}', giveUp: 'Libérer', done: 'C’est réservé',
    number: 'Votre numéro de réservation', again: 'Réserver une autre heure', ranOut: 'Le temps est écoulé, la place est de nouveau libre.',
    taken: 'Cette heure vient d’être prise. Choisissez-en une autre.', notPaidHere: 'Payez {price} sur le site de l’organisateur. Votre réservation :',
    waiting: 'En attente du paiement…', noPage: 'La page de paiement est inaccessible pour le moment.', failed: 'Cela n’a pas marché : {why}', retry: 'Réessayer', zone: 'Heures de {zone}',
    yourTime: '{time} chez vous', loading: 'Chargement…', offline: 'Hors connexion. Les places peuvent avoir changé.',
    emailWrong: 'Indiquez une adresse e-mail.', givenBack: 'La place est de nouveau libre.',
  },
  es: {
    title: 'Reservar', activity: 'Actividad', people: 'Personas', days: 'Elija un día', slots: 'Elija una hora',
    earlier: 'Días anteriores', later: 'Días siguientes', none: 'No hay nada este día. Pruebe otro.',
    left: { one: 'queda {n} plaza', other: 'quedan {n} plazas' }, soldOut: 'Agotado', free: 'Gratis',
    perSession: '{price} en total', perSeat: '{price} por persona', from: 'desde {price}', details: 'Sus datos', email: 'Correo electrónico', name: 'Nombre',
    hold: 'Guardar esta hora', back: 'Atrás', held: 'Guardado para usted', timeLeft: 'Tiempo restante: {time}',
    minutesLeft: { one: 'queda {n} minuto', other: 'quedan {n} minutos' },
    confirm: 'Confirmar reserva', pay: 'Pagar {price}', giveUp: 'Liberar', done: 'Reserva hecha',
    number: 'Su número de reserva', again: 'Reservar otra hora', ranOut: 'El tiempo se ha agotado y la plaza vuelve a estar libre.',
    taken: 'Esta hora acaba de ocuparse. Elija otra.', notPaidHere: 'Pague {price} en la caja del organizador. Su reserva:',
    waiting: 'Esperando el pago…', noPage: 'La página de pago no está disponible en este momento.', failed: 'No ha funcionado: {why}', retry: 'Reintentar', zone: 'Horas de {zone}',
    yourTime: '{time} en su zona', loading: 'Cargando…', offline: 'Sin conexión. Las plazas pueden haber cambiado.',
    emailWrong: 'Escriba una dirección de correo.', givenBack: 'La plaza vuelve a estar libre.',
  },
};

export const languages = Object.freeze(Object.keys(texts));

// The first of the wished languages that there are texts in, with its region: 'de-CH'.
export function chooseLanguage(wished) {
  for (const tag of wished) {
    try {
      const [canonical] = Intl.getCanonicalLocales(tag);
      if (texts[canonical.split('-')[0]]) return canonical;
    } catch {
      // no language tag
    }
  }
  return 'en';
}

// Minutes and seconds; never below zero, and never a second too many.
export function clockText(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

export function minorDigits(currency) {
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits;
}

export function createLanguage(locale, { timeZone, ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone } = {}) {
  const own = texts[locale.split('-')[0]] ?? texts.en;
  const plural = new Intl.PluralRules(locale);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  const say = (name, values = {}) => {
    const text = own[name] ?? texts.en[name];
    if (typeof text === 'string') return fill(text, values);
    const number = new Intl.NumberFormat(locale).format(values.n);
    return fill(text[plural.select(values.n)] ?? text.other, { ...values, n: number });
  };
  const format = (options, zone = timeZone) => new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
  const time = format({ hour: 'numeric', minute: '2-digit' });
  const ownTime = format({ hour: 'numeric', minute: '2-digit', weekday: 'short' }, ownZone);
  const dayParts = {
    weekday: format({ weekday: 'short' }, 'UTC'), day: format({ day: 'numeric' }, 'UTC'),
    month: format({ month: 'short' }, 'UTC'), whole: format({ weekday: 'long', day: 'numeric', month: 'long' }, 'UTC'),
  };
  const at = (date) => new Date(`${date}T00:00:00Z`);
  return {
    locale, say,
    isElsewhere: (instant) => Boolean(timeZone) && format({ dateStyle: 'short', timeStyle: 'short' }).format(new Date(instant)) !==
      format({ dateStyle: 'short', timeStyle: 'short' }, ownZone).format(new Date(instant)),
    time: (instant) => time.format(new Date(instant)),
    ownTime: (instant) => ownTime.format(new Date(instant)),
    weekday: (date) => dayParts.weekday.format(at(date)),
    day: (date) => dayParts.day.format(at(date)),
    month: (date) => dayParts.month.format(at(date)),
    wholeDay: (date) => dayParts.whole.format(at(date)),
    price: (minor, currency) => new Intl.NumberFormat(locale, { style: 'currency', currency })
      .format(minor / 10 ** minorDigits(currency)),
  };
}
