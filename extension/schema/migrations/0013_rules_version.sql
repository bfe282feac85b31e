-- A version of all that a hold depends on besides the seats, so that a backend can remember it: terms.hpp says how.

ALTER TABLE booking.organizations
    ADD COLUMN rules_version uuid NOT NULL DEFAULT gen_random_uuid();
COMMENT ON COLUMN booking.organizations.rules_version IS
    'Changes with the limits of the organization''s activities, the status of its sessions, and with who wants events of holds; kept by triggers, for functions of the extension';
