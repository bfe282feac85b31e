// How a plain table is entered: opened, locked, and known as it is now.
#pragma once

#include "pg/guard.hpp"
#include "pg/plain_table.hpp"

#include <exception>

namespace pgbk {

class PlainAccess {
public:
    // What was opened; closed again by the caller, in leave().
    struct Entered {
        PlainTable* table; // nullptr: a statement has to do it, and nothing is open
        Relation root;
        Relation leaf;
    };

    constexpr explicit PlainAccess(const PlainShape& shape) : shape_(shape) {}

    const PlainShape& shape() const { return shape_; }

    // False if it is known that a statement has to do it.
    bool is_worth_trying() const;

    // Server frames. given: values of the columns, for the choice of a partition.
    Entered enter(const Datum* given);
    static void leave(const Entered& entered);

    // While it lasts, the compiled expressions belong to one call: what they call may write to the same table. After an
    // error nothing is believed of what may have been half compiled.
    class Use {
    public:
        explicit Use(PlainAccess& access) : access_(access) { access_.is_in_use_ = true; }
        ~Use() {
            access_.is_in_use_ = false;
            if (std::uncaught_exceptions() > exceptions_ && access_.kept_ != nullptr) {
                access_.kept_->is_stale = true;
            }
        }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

    private:
        PlainAccess& access_;
        int exceptions_ = std::uncaught_exceptions();
    };

private:
    static void table_changed(Datum argument, Oid relation);
    static void something_changed(Datum argument, int cache, std::uint32_t hash);
    void expect_changes();
    Relation open_root() const;
    bool know(Relation root, Relation leaf);

    static inline PlainAccess* all_ = nullptr; // those that keep something
    static inline std::uint64_t changes_ = 0;  // that were heard of, of whatever

    PlainShape shape_;
    bool is_registered_ = false;
    bool is_in_use_ = false;
    PlainTable* kept_ = nullptr;
    PlainAccess* next_ = nullptr;
};

} // namespace pgbk
