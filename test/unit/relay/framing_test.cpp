#include "http/framing.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

TEST(Framing, OfOrdinaryRequestsIsClear) {
    EXPECT_EQ(framing_problem(11, {{"Host", "x"}}), "");
    EXPECT_EQ(framing_problem(10, {}), "") << "HTTP/1.0 knows no Host";
    EXPECT_EQ(framing_problem(11, {{"HOST", ""}, {"Content-Length", "17"}}), "");
    EXPECT_EQ(framing_problem(11, {{"Host", "x"}, {"Transfer-Encoding", "Chunked"}}), "");
    EXPECT_EQ(framing_problem(11, {{"Host", "x"}, {"Accept", "a"}, {"Accept", "b"}}), "");
}

TEST(Framing, IsRefusedWhereItIsNot) {
    const std::vector<Fields> unclear{
        {},
        {{"Host", "x"}, {"host", "y"}},
        {{"Host", "x"}, {"Content-Length", "1"}, {"Content-Length", "1"}},
        {{"Host", "x"}, {"Content-Length", "1, 1"}},
        {{"Host", "x"}, {"Content-Length", "+1"}},
        {{"Host", "x"}, {"Content-Length", ""}},
        {{"Host", "x"}, {"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}},
        {{"Host", "x"}, {"Transfer-Encoding", "gzip"}},
        {{"Host", "x"}, {"Transfer-Encoding", "gzip, chunked"}},
        {{"Host", "x"}, {"Transfer-Encoding", "chunked, gzip"}},
        {{"Host", "x"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
        {{"Host", "x"}, {"Transfer-Encoding", ""}},
        {{"Host", "x"}, {"Authorization", "Bearer a"}, {"Authorization", "Bearer b"}},
        {{"Host", "x"}, {"Content-Type", "application/json"}, {"Content-Type", "text/plain"}}};
    for (std::size_t i = 0; i < unclear.size(); ++i) {
        EXPECT_NE(framing_problem(11, unclear[i]), "") << i;
    }
    EXPECT_NE(framing_problem(10, {{"Transfer-Encoding", "chunked"}}), "") << "HTTP/1.0 knows no chunks";
    EXPECT_NE(framing_problem(9, {{"Host", "x"}}), "");
    EXPECT_NE(framing_problem(20, {{"Host", "x"}}), "");
    EXPECT_NE(framing_problem(11, Fields(65, {"Accept", "x"})), "");
}

} // namespace

} // namespace pgbk::relay
