#include "pg/advisory_lock.hpp"

namespace pgbk {

void lock_until_transaction_ends(LockOf what, std::string_view bytes) {
    constexpr std::uint16_t our_class = 3;
    // Two things with the same hash would wait for each other, no more.
    const std::uint64_t key = hash_bytes_extended(reinterpret_cast<const unsigned char*>(bytes.data()),
                                                  static_cast<int>(bytes.size()), static_cast<std::uint64_t>(what));
    server([&] {
        LOCKTAG tag;
        SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(key >> 32U), static_cast<uint32>(key), our_class);
        (void)LockAcquire(&tag, ExclusiveLock, false, false);
    });
}

} // namespace pgbk
