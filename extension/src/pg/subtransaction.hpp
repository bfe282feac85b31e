// A piece of work whose locks and writes can be dropped while the call goes on.
#pragma once

#include "pg/guard.hpp"

namespace pgbk {

// Runs body, which returns bool: true keeps what it did, false rolls it back, an exception rolls back and goes on its
// way. Rows read inside are gone after a rollback.
template <class Body> bool in_subtransaction(Body body) {
    MemoryContext const context = CurrentMemoryContext;
    ResourceOwner const owner = CurrentResourceOwner;
    const auto end = [&](bool keep) {
        server([&] {
            if (keep) {
                ReleaseCurrentSubTransaction();
            } else {
                RollbackAndReleaseCurrentSubTransaction();
            }
            MemoryContextSwitchTo(context);
            CurrentResourceOwner = owner;
        });
    };
    server([&] {
        BeginInternalSubTransaction(nullptr);
        MemoryContextSwitchTo(context);
    });
    bool keep = false;
    try {
        keep = body();
    } catch (...) {
        // An error must not leave ours open: an exception block around us would roll it back instead of its own.
        end(false);
        throw;
    }
    end(keep);
    return keep;
}

} // namespace pgbk
