// What relays report of provider calls, and when a call is tried again.
#include "core/provider_call.hpp"
#include "core/refusal.hpp"
#include "unit/json_text.hpp"
#include "unit/refused.hpp"

#include <gtest/gtest.h>
