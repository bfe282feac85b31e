#include "core/identifier.hpp"

#include "core/refusal.hpp"

#include <string>

namespace pgbk::core {

namespace {

constexpr std::uint64_t counter_mask = (1ULL << IdGenerator::counter_bits) - 1;
// A counter starts in the lower half, by the microsecond, so that at least 2^41 ids of a backend fit into one
// millisecond.
constexpr unsigned drawn_bits = 31;
constexpr std::uint64_t drawn_mask = (1ULL << drawn_bits) - 1;

constexpr std::uint8_t byte_of(std::uint64_t value, unsigned shift) {
    return static_cast<std::uint8_t>(value >> shift);
}

} // namespace

Uuid IdGenerator::next(std::int64_t milliseconds, std::uint64_t random, std::int32_t organization,
                       std::uint32_t microsecond) {
    if (organization <= 0) {
        throw Refusal(RefusalKind::invalid_organization,
                      "organization number must be positive, got " + std::to_string(organization));
    }
    const std::uint64_t start = std::uint64_t{microsecond} << drawn_bits;
    if (wants_random(milliseconds)) {
        last_milliseconds_ = milliseconds < 0 ? 0 : milliseconds; // the field is unsigned
        drawn_ = random & drawn_mask;
        counter_ = start | drawn_;
    } else if (milliseconds == last_milliseconds_ && (start | drawn_) > counter_) {
        counter_ = start | drawn_;
    } else if (counter_ == counter_mask) {
        ++last_milliseconds_;
        counter_ = 0;
    } else {
        ++counter_;
    }

    const auto org = static_cast<std::uint32_t>(organization);
    Uuid id = first_id_at(last_milliseconds_);
    id.at(6) = static_cast<std::uint8_t>(0x80U | ((counter_ >> 38U) & 0x0FU));
    id.at(7) = byte_of(counter_, 30U);
    id.at(8) = static_cast<std::uint8_t>(0x80U | ((counter_ >> 24U) & 0x3FU));
    id.at(9) = byte_of(counter_, 16U);
    id.at(10) = byte_of(counter_, 8U);
    id.at(11) = byte_of(counter_, 0U);
    for (unsigned i = 0; i < 4; ++i) {
        id.at(12 + i) = byte_of(org, 24U - 8U * i);
    }
    return id;
}

Uuid first_id_at(std::int64_t milliseconds) {
    const auto ms = static_cast<std::uint64_t>(milliseconds < 0 ? 0 : milliseconds); // the field is unsigned
    Uuid id{};
    for (unsigned i = 0; i < 6; ++i) {
        id.at(i) = byte_of(ms, 40U - 8U * i);
    }
    return id;
}

std::optional<std::int32_t> organization_of(const Uuid& id) {
    if ((id[6] & 0xF0U) != 0x80U || (id[8] & 0xC0U) != 0x80U) {
        return std::nullopt;
    }
    std::uint32_t org = 0;
    for (unsigned i = 12; i < 16; ++i) {
        org = (org << 8U) | id.at(i);
    }
    const auto number = static_cast<std::int32_t>(org);
    if (number <= 0) {
        return std::nullopt;
    }
    return number;
}

} // namespace pgbk::core
