// Types of booking-react.js. React's own types are the page's: what is taken here is React itself.
import type {
  Activity, BookingClient, BookingEvent, Session, SubscribeOptions, Venue,
} from './booking-client.js';

type Rights = Pick<SubscribeOptions, 'token' | 'bookingToken'>;

export interface EventState {
  events: BookingEvent[];
  isConnected: boolean;
  error: string | null;
  clearEvents: () => void;
}

export interface EventOptions extends Rights {
  maxEvents?: number;
  onEvent?: (event: BookingEvent) => void;
}

export interface StaleOptions extends Rights {
  queryClient?: { invalidateQueries(filters: { queryKey: unknown[] }): unknown };
  /** null: what was missed is not known, and anything may have changed. */
  onChange?: (event: BookingEvent | null) => void;
}

export interface BookingHooks<Element = unknown> {
  useBookingEvents(bookingId?: string, options?: EventOptions): EventState;
  useUserBookingEvents(userId?: string, options?: EventOptions): EventState;
  useRealtimeBookings(courtId?: string, options?: StaleOptions & { organizationId?: number }): EventState;
  useRealtimeAvailability(courtId?: string, options?: StaleOptions):
    { availability: Record<string, number>; isConnected: boolean; error: string | null };
  useRealtimeUserBookings(userId?: string, options?: StaleOptions): EventState;
  useWidgetData(options: { embedKey?: string; activityId?: string; from?: string; to?: string }): {
    venue: Venue | null; activities: Activity[]; activity?: Activity | null; sessions: Session[];
    loading: boolean; error: string | null; isConnected: boolean;
    refetch: () => void; chooseActivity: (id: string) => void;
  };
  useAvailability(options: { sessions?: Session[]; date?: string; partySize?: number }): {
    date: string | null; slots: (Session & { available: boolean })[];
    days: { date: string; sessions: number; available: number }[];
  };
  RealTimeBookingEvents(props: { bookingId?: string; userId?: string; showUserEvents?: boolean; maxEvents?: number } & Rights): Element;
  BookingEventMonitor(props: { bookingId: string; maxEvents?: number } & Rights): Element;
  UserEventMonitor(props: { userId?: string; maxEvents?: number } & Rights): Element;
}

export function createBookingHooks<Element = unknown>(
  React: { createElement: (...args: never[]) => Element }, options?: { client?: BookingClient }): BookingHooks<Element>;
export function subjectOf(token?: string): string | undefined;
