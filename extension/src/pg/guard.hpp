// Where C++ and the server's error handling meet.
//
// A frame belongs to one of two regimes. A *server frame* holds plain data only and may call the server freely; an
// ereport may leave it by longjmp at any time. A *C++ frame* may hold objects with destructors and reaches the server
// only through server(), which turns the longjmp into a C++ exception that carries the whole ErrorData. Entry points
// (shell.hpp) turn exceptions back, after the handler has ended: raising inside it would leak the exception.
#pragma once

#include "pg/pg.hpp"

namespace pgbk {

// An error of the server on its way through C++ frames. Trivially destructible: the data belongs to a memory context.
struct ServerError {
    ErrorData* data;
};

// Runs f as a server frame. f must not throw and must not hold objects that need destruction. Costs a sigsetjmp without
// the signal mask, some nanoseconds; guard a batch, not a row.
template <class F> auto server(F&& f) -> decltype(f()) {
    MemoryContext const context = CurrentMemoryContext;
    sigjmp_buf* const outer_jump = PG_exception_stack;
    ErrorContextCallback* const outer_callbacks = error_context_stack;
    sigjmp_buf jump;

    if (sigsetjmp(jump, 0) == 0) {
        PG_exception_stack = &jump;
        try {
            if constexpr (std::is_void_v<decltype(f())>) {
                f();
                PG_exception_stack = outer_jump;
                error_context_stack = outer_callbacks;
                return;
            } else {
                auto result = f();
                static_assert(std::is_trivially_destructible_v<decltype(result)>, "server frames hold plain data");
                PG_exception_stack = outer_jump;
                error_context_stack = outer_callbacks;
                return result;
            }
        } catch (...) {
            // From a C++ frame that f has called: the next ereport must not jump to the frame that is being left.
            PG_exception_stack = outer_jump;
            error_context_stack = outer_callbacks;
            throw;
        }
    }

    PG_exception_stack = outer_jump;
    error_context_stack = outer_callbacks;
    MemoryContextSwitchTo(context); // the longjmp left us in ErrorContext
    ErrorData* const data = CopyErrorData();
    FlushErrorState();
    throw ServerError{data};
}

// Counts C++ frames that began and did not end: more than the ones now running means that an ereport jumped over one.
class FrameWitness {
public:
    FrameWitness() { ++live_; }
    ~FrameWitness() { --live_; }
    FrameWitness(const FrameWitness&) = delete;
    FrameWitness& operator=(const FrameWitness&) = delete;
    static int live() { return live_; }

private:
    static inline int live_ = 0;
};

} // namespace pgbk
