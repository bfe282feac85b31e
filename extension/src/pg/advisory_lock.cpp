#include "pg/advisory_lock.hpp"

#include "pg/digest.hpp"

#include <cstring>

namespace pgbk {

void lock_until_transaction_ends(LockOf what, std::string_view bytes) {
    constexpr std::uint16_t our_class = 3;
    const char kind = static_cast<char>(what);
    const Digest digest = sha256({std::string_view(&kind, 1), bytes});
    std::uint32_t key[2];
    std::memcpy(key, digest.data(), sizeof key);
    server([&] {
        LOCKTAG tag;
        SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, key[0], key[1], our_class);
        (void)LockAcquire(&tag, ExclusiveLock, false, false);
    });
}

} // namespace pgbk
