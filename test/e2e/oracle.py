"""Which sessions an activity should have, computed from the prose of DESIGN section 4 and of core/session_plan.hpp.

Civil time is Python's zoneinfo, which reads the same tzdata as the server with other code. Everything is done a slot at
a time and by definition rather than by algorithm, so that it shares no idea with the C++ it judges.
"""

import bisect
import datetime
import functools
import zoneinfo

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EPOCH = datetime.datetime(1970, 1, 1)
MINUTE = datetime.timedelta(minutes=1)
UTC = datetime.timezone.utc


@functools.lru_cache(maxsize=None)
def _zone(name):
    return zoneinfo.ZoneInfo(name)


def instant(civil, zone_name):
    """Seconds since 1970 at which the clocks of the zone first show `civil`; None if they never do."""
    zone = _zone(zone_name)
    for fold in (0, 1):
        there = civil.replace(tzinfo=zone, fold=fold)
        seconds = (civil - there.utcoffset() - EPOCH) // datetime.timedelta(seconds=1)
        shown = datetime.datetime.fromtimestamp(seconds, UTC).astimezone(zone).replace(tzinfo=None)
        if shown == civil:
            return seconds
    return None


def _minutes(text):
    hour, minute = text.split(":")[:2]
    return int(hour) * 60 + int(minute)


def _window(start, end):
    first, last = _minutes(start), _minutes(end)
    return (first, last if last > first else last + 24 * 60)


def windows(date, schedule, exceptions):
    """(first, last) in minutes since the civil midnight of the date, for each opening of that date.

    exceptions: dicts with of ('venue' or 'activity'), first, last (dates, inclusive), hours (None if closed, or a pair
    of "HH:MM").
    """
    of_that_day = [e for e in exceptions if e["first"] <= date <= e["last"]]
    counting = [e for e in of_that_day if e["of"] == "activity"] or of_that_day
    if counting:
        if any(e["hours"] is None for e in counting):
            return []
        return [_window(*e["hours"]) for e in counting]
    day = DAYS[date.weekday()]
    if day not in schedule["operatingDays"]:
        return []
    custom = schedule.get("customHours", {}).get(day, {"enabled": False})
    hours = custom if custom.get("enabled", True) else schedule
    return [_window(hours["startTime"], hours["endTime"])]


def slots(schedule, exceptions, zone, first_date, days):
    """Every slot of the range as (start, end, date), whether it can take place or not."""
    length = schedule["slotInterval"]
    for date in (first_date + datetime.timedelta(n) for n in range(days)):
        midnight = datetime.datetime.combine(date, datetime.time())
        for first, last in windows(date, schedule, exceptions):
            for minute in range(first, last - length + 1, length):
                start = instant(midnight + minute * MINUTE, zone)
                next_on_grid = instant(midnight + (minute + length) * MINUTE, zone)
                if start is not None:
                    # Of real time, but until the next point of the grid if that comes earlier and leaves enough.
                    seconds = length * 60
                    early = next_on_grid is not None and 0.75 * seconds <= next_on_grid - start < seconds
                    yield start, next_on_grid if early else start + seconds, date


def added(schedule, exceptions, zone, first_date, days, clock, existing):
    """The sessions that a run of the generation adds to `existing`: a set of (start, end, date).

    existing: the same. None overlaps another; existing ones win, else the earlier start (of two that start together,
    the one of the earlier operating day). None that starts before the clock.
    """
    starts = sorted(s for s, _, _ in existing)
    ends = sorted(e for _, e, _ in existing)

    def is_free(start, end):
        # As many existing ones have ended by then as have begun before it is over: none is under way in between.
        return bisect.bisect_right(ends, start) == bisect.bisect_left(starts, end)

    result, free_from = set(), None
    for start, end, date in sorted(slots(schedule, exceptions, zone, first_date, days)):
        if start >= clock and is_free(start, end) and (free_from is None or start >= free_from):
            result.add((start, end, date))
            free_from = end
    return result
