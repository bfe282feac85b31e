"""The goals of the design, all of them: each belongs to a measurement, and a goal without a row fails the run."""

import dataclasses
import typing


@dataclasses.dataclass
class Goal:
    measurement: str
    what: str  # in the plot, and in the table where it was not measured
    text: str
    reached: typing.Callable  # of the row
    share: typing.Callable  # of the row: 1 and more is reached; how far it is from that
    measure: typing.Callable  # of the row: what is compared with the goal


def at_least(name, share):
    return {"text": f"≥ {share} × {name}", "reached": lambda row: row.ratio(name) >= share,
            "share": lambda row: row.ratio(name) / share, "measure": lambda row: f"{row.ratio(name):.2f}"}


def at_most(name, share):
    return {"text": f"≤ {share} × {name}", "reached": lambda row: row.ratio(name) <= share,
            "share": lambda row: share / row.ratio(name), "measure": lambda row: f"{row.ratio(name):.2f}"}


def below(figure, unit):
    return {"text": f"< {figure} {unit}", "reached": lambda row: row.median() < figure,
            "share": lambda row: figure / row.median(), "measure": lambda row: f"{row.median():.1f}"}


GOALS = {
    "hot_2ms": Goal("hot_session", "one hot session, 32 clients, 2 ms commit", **at_least("limit", 0.8)),
    "many_2ms": Goal("many_sessions", "100,000 sessions, 32 clients, 2 ms commit", **at_least("limit", 0.8)),
    "hot_native": Goal("hot_session", "one hot session, 32 clients, native commit", **at_least("limit", 0.5)),
    "many_native": Goal("many_sessions", "100,000 sessions, 32 clients, native commit",
                        **at_least("limit", 0.5)),
    "sold_out": Goal("sold_out", "500 seats until sold out, 64 clients, 2 ms", **at_most("limit", 2)),
    "refusals": Goal("refusals", "refusals when sold out, 32 clients", **at_least("limit", 0.8)),
    "generate": Goal("generate", "generate 390,000 sessions", **at_most("limit", 1)),
    "generate_again": Goal("generate", "generate them again", **at_most("limit", 0.05)),
    "release": Goal("release", "release 100,000 expired holds", **at_most("limit", 1.5)),
    "notify_2ms": Goal("notifying", "with NOTIFY against without, 2 ms commit", **at_least("limit", 0.95)),
    "notify_native": Goal("notifying", "with NOTIFY against without, native commit", **at_least("limit", 0.95)),
    "webhook_p50": Goal("webhooks", "commit to webhook arrived, p50", **below(2, "ms")),
    "webhook_p99": Goal("webhooks", "commit to webhook arrived, p99", **below(8, "ms")),
    "webhook_rate": Goal("webhooks", "webhook deliveries", **at_least("graphile-worker, batched", 1.5)),
    "socket_cpu": Goal("sockets", "CPU a delivery, 5,000 sockets", **at_most("socket.io", 0.6)),
    "socket_memory": Goal("sockets", "memory a socket", **below(10, "KB")),
    "soak": Goal("soak", "holds at the end of a soak against its start", **at_least("start", 0.9)),
}
