// Hooks and components for React pages. React is the page's own: createBookingHooks(React) makes them for it.
import { bookingClient, daysOf, slotsOfDay, withAvailability } from './booking-client.js';

const debounce = 500; // changes of a catalogue come in bursts

export function createBookingHooks(React, { client = bookingClient } = {}) {
  const { createElement: h, useCallback, useEffect, useMemo, useRef, useState } = React;

  // topics: a list, or nothing to subscribe to yet. Each event is handed to the latest handler.
  function useTopics(topics, onEvent, options = {}) {
    const [isConnected, setConnected] = useState(false);
    const [error, setError] = useState(null);
    const latest = useRef({});
    latest.current = { onEvent, onResync: options.onResync };
    const { token, bookingToken } = options;
    const key = topics.join(',');
    useEffect(() => {
      setConnected(false);
      setError(null);
      if (key === '') return undefined;
      return client.subscribe(key.split(','), (event) => latest.current.onEvent?.(event), {
        ...(token ? { token } : {}), bookingToken,
        onStatus: ({ connected, error: why }) => { setConnected(connected); setError(why ? why.message : null); },
        onError: (why) => { setConnected(false); setError(why.message); },
        onResync: () => latest.current.onResync?.(),
      });
    }, [key, token, bookingToken]);
    return { isConnected, error };
  }

  function useEventList(topics, { maxEvents = 100, onEvent, ...options } = {}) {
    const [events, setEvents] = useState([]);
    const state = useTopics(topics, (event) => {
      setEvents((former) => [event, ...former].slice(0, maxEvents));
      onEvent?.(event);
    }, options);
    const clearEvents = useCallback(() => setEvents([]), []);
    const key = topics.join(',');
    useEffect(() => setEvents([]), [key]);
    return { events, ...state, clearEvents };
  }

  const topicOf = (word, id) => (id === undefined || id === null || id === '' ? [] : [`${word}:${id}`]);

  function useBookingEvents(bookingId, options) {
    return useEventList(topicOf('booking', bookingId), options);
  }

  function useUserBookingEvents(userId, options) {
    return useEventList(topicOf('customer', userId), options);
  }

  // Tells React Query, or whoever else keeps what has been read, that it is out of date.
  function useStale({ queryClient, queryKey, onChange }) {
    const latest = useRef({});
    latest.current = { queryClient, queryKey, onChange };
    return useCallback((event) => {
      const { queryClient: queries, queryKey: of, onChange: changed } = latest.current;
      queries?.invalidateQueries({ queryKey: of });
      changed?.(event);
    }, []);
  }

  // All bookings of an activity ("court"), or with a token of one's own organizations.
  function useRealtimeBookings(courtId, { queryClient, onChange, organizationId, ...options } = {}) {
    const stale = useStale({ queryClient, onChange, queryKey: ['bookings', ...(courtId ? [courtId] : [])] });
    const topics = courtId ? topicOf('activity', courtId) : topicOf('organization', organizationId);
    return useEventList(topics, {
      ...options,
      onEvent: (event) => event.event_type.startsWith('booking.') && stale(event),
      onResync: () => stale(null),
    });
  }

  // How many seats each session of an activity has left, from the first answer on.
  function useRealtimeAvailability(courtId, { queryClient, onChange, ...options } = {}) {
    const [availability, setAvailability] = useState({});
    const stale = useStale({ queryClient, onChange, queryKey: ['court-availability', courtId] });
    useEffect(() => setAvailability({}), [courtId]);
    const state = useTopics(topicOf('activity', courtId), (event) => {
      if (event.event_type !== 'session.availability') return;
      setAvailability((former) => ({ ...former, [event.session_id]: event.seats_available }));
      stale(event);
    }, { ...options, onResync: () => stale(null) });
    return { availability, ...state };
  }

  function useRealtimeUserBookings(userId, { queryClient, onChange, ...options } = {}) {
    const stale = useStale({ queryClient, onChange, queryKey: ['user-bookings', userId] });
    return useEventList(topicOf('customer', userId), { ...options, onEvent: stale, onResync: () => stale(null) });
  }

  // What a widget shows: the venue with its activities (embedKey), or one activity; the sessions of the dates; kept up to
  // date, the changes of a burst read once.
  function useWidgetData({ embedKey, activityId, from, to } = {}) {
    const [data, setData] = useState({ venue: null, activities: [], sessions: [] });
    const [loading, setLoading] = useState(true);
    const [error, setError] = useState(null);
    const [turn, setTurn] = useState(0);
    const refetch = useCallback(() => setTurn((former) => former + 1), []);
    const [chosen, setChosen] = useState(activityId ?? null);
    useEffect(() => setChosen(activityId ?? null), [activityId, embedKey]);
    useEffect(() => {
      const stop = new AbortController();
      const load = async () => {
        const listed = embedKey ? await client.activities(embedKey, { signal: stop.signal }) : null;
        const activity = chosen ?? listed?.activities[0]?.id;
        const read = activity ? await client.sessions(activity, { from, to, signal: stop.signal }) : null;
        return {
          venue: listed?.venue ?? read?.venue ?? null,
          activities: listed?.activities ?? (read ? [read.activity] : []),
          activity: read?.activity ?? null,
          sessions: read?.sessions ?? [],
        };
      };
      load().then((next) => { setData(next); setError(null); setLoading(false); }, (why) => {
        if (why.name === 'AbortError') return;
        setError(why.message);
        setLoading(false);
      });
      return () => stop.abort();
    }, [embedKey, chosen, from, to, turn]);
    const timer = useRef(null);
    useEffect(() => () => clearTimeout(timer.current), []);
    const refetchSoon = useCallback(() => {
      clearTimeout(timer.current);
      timer.current = setTimeout(refetch, debounce);
    }, [refetch]);
    const venueId = data.venue?.id;
    const { isConnected } = useTopics(topicOf('venue', venueId), (event) => {
      if (event.event_type === 'session.availability') {
        setData((former) => ({ ...former, sessions: withAvailability(former.sessions, event) }));
      } else {
        refetchSoon();
      }
    }, { onResync: refetch });
    // What changed between the last reading and the connection, nobody has told.
    useEffect(() => {
      if (isConnected) refetchSoon();
    }, [isConnected, refetchSoon]);
    return { ...data, loading, error, isConnected, refetch, chooseActivity: setChosen };
  }

  // The slots of a day, and the days that have any.
  function useAvailability({ sessions = [], date, partySize = 1 } = {}) {
    return useMemo(() => {
      const days = daysOf(sessions, partySize);
      const first = date ?? sessions.find((session) => session.seats_available >= partySize)?.local_date ?? null;
      return { date: first, slots: first ? slotsOfDay(sessions, first, partySize) : [], days: [...days.values()] };
    }, [sessions, date, partySize]);
  }

  // Components. Text only, never markup: names come from whoever booked.

  function EventList({ title, state, toast }) {
    const { events, isConnected, error, clearEvents } = state;
    const exported = () => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([JSON.stringify(events, null, 2)], { type: 'application/json' }));
      link.download = 'booking-events.json';
      link.click();
      URL.revokeObjectURL(link.href);
    };
    return h('section', { className: 'booking-events', 'aria-label': title },
      h('header', { className: 'booking-events-head' },
        h('h3', null, title),
        h('span', { className: isConnected ? 'booking-events-on' : 'booking-events-off', role: 'status' },
          error ? `Error: ${error}` : isConnected ? 'Live' : 'Connecting…'),
        h('button', { type: 'button', onClick: exported, disabled: events.length === 0 }, 'Export'),
        h('button', { type: 'button', onClick: clearEvents, disabled: events.length === 0 }, 'Clear Events')),
      h('p', { className: 'booking-events-toast', role: 'status', 'aria-live': 'polite' }, toast ?? ''),
      events.length === 0 ? h('p', { className: 'booking-events-none' }, 'Nothing has happened yet.')
        : h('ol', { className: 'booking-events-list' }, events.map((event) => h('li', { key: event.id ?? event.session_id },
          h('strong', null, event.event_type), ' ', h('span', null, event.description ?? ''), ' ',
          event.occurred_at ? h('time', { dateTime: event.occurred_at }, new Date(event.occurred_at).toLocaleTimeString()) : null))));
  }

  function useToast() {
    const [toast, setToast] = useState(null);
    const timer = useRef(null);
    useEffect(() => () => clearTimeout(timer.current), []);
    return [toast, useCallback((event) => {
      setToast(event.description ?? event.event_type);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setToast(null), 5000);
    }, [])];
  }

  function RealTimeBookingEvents({ bookingId, userId, showUserEvents = false, maxEvents = 50, ...options }) {
    const [toast, onEvent] = useToast();
    const topics = showUserEvents ? topicOf('customer', userId) : topicOf('booking', bookingId);
    const state = useEventList(topics, { maxEvents, onEvent, ...options });
    return h(EventList, { title: showUserEvents ? 'Your booking events' : 'Booking events', state, toast });
  }

  function BookingEventMonitor({ bookingId, ...options }) {
    return h(RealTimeBookingEvents, { bookingId, ...options });
  }

  function UserEventMonitor({ userId, ...options }) {
    return h(RealTimeBookingEvents, { userId: userId ?? subjectOf(options.token ?? client.options.token), showUserEvents: true, ...options });
  }

  return {
    useBookingEvents, useUserBookingEvents, useRealtimeBookings, useRealtimeAvailability, useRealtimeUserBookings,
    useWidgetData, useAvailability, RealTimeBookingEvents, BookingEventMonitor, UserEventMonitor,
  };
}

// Whose token it is, for a page that has not said it; the relay does not take the page's word for it.
export function subjectOf(token) {
  try {
    const part = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
    const { sub } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === 'string' ? sub : undefined;
  } catch {
    return undefined;
  }
}

