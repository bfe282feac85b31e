// Types of booking-client.js.

export interface BookingEvent {
  id?: string;
  seq?: number;
  event_type: string;
  description?: string;
  occurred_at?: string;
  organization_id?: number;
  venue_id?: string | null;
  activity_id?: string | null;
  session_id?: string | null;
  booking_id?: string | null;
  subject_id?: string | null;
  facts?: Record<string, unknown> | null;
  row?: Record<string, unknown> | null;
  /** Of session.availability. */
  seats_available?: number;
  capacity_total?: number;
  status?: string;
}

export interface ConnectionStatus {
  connected: boolean;
  error?: BookingError;
}

export interface SubscribeOptions {
  onStatus?: (status: ConnectionStatus) => void;
  /** The subscription has ended: the token is not good, or the topic is not for whoever has it. */
  onError?: (error: BookingError) => void;
  /** What was missed is not kept any more: ask for the present state. */
  onResync?: () => void;
  token?: string | (() => string | Promise<string>);
  bookingToken?: string;
}

export type Unsubscribe = () => void;

export interface Venue {
  id: string;
  name: string;
  embed_key: string;
  timezone: string;
}

export interface Unit {
  code: string;
  title: string;
  price_minor: number;
  pax_count: number;
  min_quantity: number;
  max_quantity: number | null;
  min_age: number | null;
  max_age: number | null;
  accompanied_by: string[];
}

export interface UnitItem {
  unit: string;
  quantity?: number;
}

export interface Activity {
  id: string;
  name: string;
  capacity: number;
  price_minor: number;
  price_basis: 'seat' | 'session';
  currency: string;
  party_size_min: number;
  party_size_max: number | null;
  /** Of an activity that is sold by units: what they are, and the lowest price. */
  units?: Unit[];
  price_from_minor?: number;
  min_notice_seconds: number;
  max_advance_seconds: number | null;
}

export interface Session {
  id: string;
  start_time: string;
  end_time: string;
  local_date: string;
  status: 'open' | 'closed';
  capacity_total: number;
  seats_available: number;
}

export interface SessionList {
  venue: Venue;
  activity: Activity;
  from: string;
  to: string;
  sessions: Session[];
}

export interface Hold {
  reservation_id: string;
  hold_token: string;
  expires_at: string;
  server_time: string;
}

export interface HoldStatus {
  reservation_id: string;
  session_id: string;
  status: 'pending' | 'confirmed' | 'expired' | 'cancelled';
  party_size: number;
  expires_at: string;
  price_minor: number;
  currency: string;
  requires_payment: boolean;
  payment_url?: string;
  payment_pending?: true;
  payment_failed?: true;
  booking_id?: string;
  booking_number?: string;
  booking_status?: string;
  payment_status?: string;
}

export interface Confirmation {
  booking_id: string;
  booking_number: string;
  status: string;
  payment_status: string;
}

export interface BookingClientOptions {
  base?: string;
  token?: string | (() => string | Promise<string>);
  poll?: number;
  fetch?: typeof globalThis.fetch;
  EventSource?: typeof globalThis.EventSource;
}

export class BookingError extends Error {
  status: number;
  code?: string;
  field?: string;
  hint?: string;
  retryAfter?: number;
}

interface RequestOptions {
  signal?: AbortSignal;
}

export class BookingClient {
  constructor(options?: BookingClientOptions);
  configure(options: BookingClientOptions): this;
  subscribe(topics: string | string[], callback: (event: BookingEvent) => void, options?: SubscribeOptions): Unsubscribe;
  venue(embedKey: string, options?: RequestOptions): Promise<Venue>;
  activities(embedKey: string, options?: RequestOptions): Promise<{ venue: Venue; activities: Activity[] }>;
  sessions(activityId: string, options?: { from?: string; to?: string } & RequestOptions): Promise<SessionList>;
  hold(sessionId: string, request: { partySize?: number; unitItems?: UnitItem[]; email: string; idempotencyKey?: string }): Promise<Hold>;
  holdStatus(hold: Pick<Hold, 'reservation_id' | 'hold_token'>): Promise<HoldStatus>;
  pay(hold: Pick<Hold, 'reservation_id' | 'hold_token'>): Promise<HoldStatus>;
  confirm(hold: Pick<Hold, 'reservation_id' | 'hold_token'>, customer?: { name?: string; phone?: string }): Promise<Confirmation>;
  cancel(hold: Pick<Hold, 'reservation_id' | 'hold_token'>): Promise<{ cancelled: boolean }>;
}

export const bookingClient: BookingClient;
export function configureBookingClient(options: BookingClientOptions): BookingClient;

export function subscribeToBookingEvents(
  bookingId: string, callback: (event: BookingEvent) => void, options?: SubscribeOptions): Unsubscribe;
export function subscribeToUserBookingEvents(
  userId: string, callback: (event: BookingEvent) => void, options?: SubscribeOptions): Unsubscribe;
export function subscribeToProviderBookingEvents(
  providerId: string | number, callback: (event: BookingEvent) => void, options?: SubscribeOptions): Unsubscribe;

export const bookingSubscriptionManager: {
  getActiveSubscriptionCount(): number;
  getActiveSubscriptions(): string[];
  unsubscribeAll(): void;
};

export const eventKinds: readonly string[];
export function createEventParser(handlers: {
  onEvent: (event: { kind: string; data: string }) => void;
  onId?: (id: string) => void;
  onRetry?: (milliseconds: number) => void;
}): (chunk: string) => void;
export function backoff(attempt: number, random?: () => number): number;
export function concerns(event: BookingEvent, topics: string[]): boolean;
export function slotsOfDay(sessions: Session[], date: string, partySize?: number): (Session & { available: boolean })[];
export function daysOf(
  sessions: Session[], partySize?: number): Map<string, { date: string; sessions: number; available: number }>;
export function withAvailability(sessions: Session[], event: BookingEvent): Session[];
export function addDays(date: string, days: number): string;
