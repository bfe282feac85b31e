-- Triggers of the catalogue: ids where none was given, updated_at, legal changes of status.

DROP TRIGGER IF EXISTS stamp_row ON booking.venues;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.venues
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();
DROP TRIGGER IF EXISTS stamp_row ON booking.activities;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.activities
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();
DROP TRIGGER IF EXISTS stamp_row ON booking.schedule_exceptions;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.schedule_exceptions
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();
DROP TRIGGER IF EXISTS stamp_row ON booking.customers;
CREATE TRIGGER stamp_row BEFORE INSERT OR UPDATE ON booking.customers
    FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();

DROP TRIGGER IF EXISTS check_transition ON booking.bookings;
CREATE TRIGGER check_transition BEFORE UPDATE ON booking.bookings
    FOR EACH ROW
    WHEN ((OLD.status, OLD.payment_status, OLD.refund_status)
          IS DISTINCT FROM (NEW.status, NEW.payment_status, NEW.refund_status))
    EXECUTE FUNCTION booking.check_transition('booking');
-- A pending hold may become whatever a hold may be.
DROP TRIGGER IF EXISTS check_transition ON booking.slot_reservations;
CREATE TRIGGER check_transition BEFORE UPDATE ON booking.slot_reservations
    FOR EACH ROW
    WHEN (OLD.status <> 'pending' AND OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION booking.check_transition('reservation');

-- What a hold depends on besides the seats. Other changes of these tables make no new version: it is a row that they
-- would all wait for.
DROP TRIGGER IF EXISTS renew_rules_version ON booking.organizations;
CREATE TRIGGER renew_rules_version BEFORE UPDATE ON booking.organizations
    FOR EACH ROW WHEN (OLD.reservation_events <> NEW.reservation_events)
    EXECUTE FUNCTION booking.renew_rules_version();
DROP TRIGGER IF EXISTS renew_rules_version ON booking.activities;
CREATE TRIGGER renew_rules_version AFTER UPDATE ON booking.activities
    FOR EACH ROW
    WHEN ((OLD.hold_seconds, OLD.hold_seconds_max, OLD.party_size_min, OLD.party_size_max, OLD.live_holds_per_email,
           OLD.unpaid_percent_max, OLD.has_units, OLD.min_notice_seconds, OLD.max_advance_seconds)
          IS DISTINCT FROM
          (NEW.hold_seconds, NEW.hold_seconds_max, NEW.party_size_min, NEW.party_size_max, NEW.live_holds_per_email,
           NEW.unpaid_percent_max, NEW.has_units, NEW.min_notice_seconds, NEW.max_advance_seconds))
    EXECUTE FUNCTION booking.renew_rules_version();
DROP TRIGGER IF EXISTS renew_rules_version ON booking.sessions;
CREATE TRIGGER renew_rules_version AFTER UPDATE OF status, start_time, activity_id, capacity_total ON booking.sessions
    FOR EACH ROW
    WHEN (OLD.status <> NEW.status OR OLD.start_time <> NEW.start_time OR OLD.activity_id <> NEW.activity_id
          OR OLD.capacity_total <> NEW.capacity_total)
    EXECUTE FUNCTION booking.renew_rules_version();

-- Events. The function's argument names the entity. Once a statement, over its transition tables; only the update of
-- sessions is different, because their counters change with every booking: its list of columns is asked before anything
-- else is done, and a list excludes transition tables.

DROP TRIGGER IF EXISTS reservations_inserted ON booking.slot_reservations;
CREATE TRIGGER reservations_inserted AFTER INSERT ON booking.slot_reservations
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('reservation');
DROP TRIGGER IF EXISTS reservations_updated ON booking.slot_reservations;
CREATE TRIGGER reservations_updated AFTER UPDATE ON booking.slot_reservations
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('reservation');

DROP TRIGGER IF EXISTS bookings_inserted ON booking.bookings;
CREATE TRIGGER bookings_inserted AFTER INSERT ON booking.bookings
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('booking');
DROP TRIGGER IF EXISTS bookings_webhook_trigger ON booking.bookings;
CREATE TRIGGER bookings_webhook_trigger AFTER UPDATE ON booking.bookings
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('booking');

DROP TRIGGER IF EXISTS sessions_inserted ON booking.sessions;
CREATE TRIGGER sessions_inserted AFTER INSERT ON booking.sessions
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('session');
DROP TRIGGER IF EXISTS sessions_updated ON booking.sessions;
CREATE TRIGGER sessions_updated AFTER UPDATE OF status, capacity_total, off_schedule ON booking.sessions
    FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.capacity_total <> NEW.capacity_total
                       OR OLD.off_schedule <> NEW.off_schedule)
    EXECUTE FUNCTION booking.record_events('session');
DROP TRIGGER IF EXISTS sessions_deleted ON booking.sessions;
CREATE TRIGGER sessions_deleted AFTER DELETE ON booking.sessions
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('session');

DROP TRIGGER IF EXISTS activities_inserted ON booking.activities;
CREATE TRIGGER activities_inserted AFTER INSERT ON booking.activities
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('activity');
DROP TRIGGER IF EXISTS activities_updated ON booking.activities;
CREATE TRIGGER activities_updated AFTER UPDATE ON booking.activities
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('activity');
DROP TRIGGER IF EXISTS activities_deleted ON booking.activities;
CREATE TRIGGER activities_deleted AFTER DELETE ON booking.activities
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('activity');

DROP TRIGGER IF EXISTS venues_inserted ON booking.venues;
CREATE TRIGGER venues_inserted AFTER INSERT ON booking.venues
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('venue');
DROP TRIGGER IF EXISTS venues_updated ON booking.venues;
CREATE TRIGGER venues_updated AFTER UPDATE ON booking.venues
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('venue');
DROP TRIGGER IF EXISTS venues_deleted ON booking.venues;
CREATE TRIGGER venues_deleted AFTER DELETE ON booking.venues
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events('venue');
