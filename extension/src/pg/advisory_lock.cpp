#include "pg/advisory_lock.hpp"

namespace pgbk {

namespace {

LOCKTAG tag_of(LockOf what, std::string_view bytes) {
    constexpr std::uint16_t our_class = 3;
    // Two things with the same hash would wait for each other, no more.
    const std::uint64_t key = hash_bytes_extended(reinterpret_cast<const unsigned char*>(bytes.data()),
                                                  static_cast<int>(bytes.size()), static_cast<std::uint64_t>(what));
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(key >> 32U), static_cast<uint32>(key), our_class);
    return tag;
}

} // namespace

void lock_until_transaction_ends(LockOf what, std::string_view bytes) {
    server([&] {
        const LOCKTAG tag = tag_of(what, bytes);
        (void)LockAcquire(&tag, ExclusiveLock, false, false);
    });
}

bool try_to_lock_until_transaction_ends(LockOf what, std::string_view bytes) {
    return server([&] {
        const LOCKTAG tag = tag_of(what, bytes);
        return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
    });
}

void share_until_session_ends(LockOf what, std::string_view bytes) {
    server([&] {
        const LOCKTAG tag = tag_of(what, bytes);
        if (LockAcquire(&tag, ShareLock, true, false) == LOCKACQUIRE_ALREADY_HELD) {
            (void)LockRelease(&tag, ShareLock, true); // locks are counted
        }
    });
}

bool is_locked(LockOf what, std::string_view bytes) {
    return server([&] {
        const LOCKTAG tag = tag_of(what, bytes);
        // An exclusive lock of our own would not conflict with the shared one of this session.
        if (holds_lock(&tag, ShareLock)) {
            return true;
        }
        if (LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL) {
            return true;
        }
        (void)LockRelease(&tag, ExclusiveLock, false);
        return false;
    });
}

} // namespace pgbk
