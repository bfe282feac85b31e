#include "gateway/problem.hpp"

#include "core/refusal.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

std::string retry_after(const Response& response) {
    for (const auto& [name, value] : response.headers) {
        if (name == "Retry-After") {
            return value;
        }
    }
    return "";
}

TEST(StatusOf, TellsTheRequestFromTheStateFromTheDay) {
    const std::vector<std::pair<int, std::vector<std::string>>> expected{
        {400,
         {"BK260", "BK261", "BK262", "BK263", "BK264", "BK001", "BK003", "BK014", "BK701", "22P02", "22P05", "22003"}},
        {402, {"BK210"}},
        {403, {"BK301", "42501"}},
        {404, {"BK101", "BK103"}},
        {409, {"BK201", "BK204", "BK212", "BK216", "BK240", "BK270"}},
        {410, {"BK205", "BK215"}},
        {500, {"BK601", "BK901", "XX000", "42883", "23505", "25P02", "BK"}},
        {503, {"", "BK401", "08006", "40001", "40P01", "53300", "55P03", "57014", "57P01", "58030", "25006"}},
    };
    for (const auto& [status, codes] : expected) {
        for (const auto& code : codes) {
            EXPECT_EQ(status_of(code), status) << code;
        }
    }
}

TEST(StatusOf, KnowsEachOfOurCodes) {
    for (const auto& code : core::refusal_codes()) {
        const int status = status_of(code.sqlstate);
        EXPECT_TRUE(status >= 400 && status <= 410 ? code.sqlstate[2] <= '7' : status == 500 || status == 503)
            << code.sqlstate << " " << status;
    }
}

TEST(ProblemResponse, SaysWhatIsWrongAndWhere) {
    const auto response =
        problem_response({"BK003", "invalid e-mail address \"x\"", "customerEmail", "Expected \"a@b.c\"."});
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, R"({"error":"invalid e-mail address \"x\"","code":"BK003","field":"customerEmail",)"
                             R"("hint":"Expected \"a@b.c\"."})"
                             "\n");
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_EQ(retry_after(response), "");
    EXPECT_EQ(problem_response({"BK101", "no such session", "", ""}).body,
              "{\"error\":\"no such session\",\"code\":\"BK101\"}\n");
}

TEST(ProblemResponse, DoesNotTellAFault) {
    for (const char* code : {"XX000", "42883", "BK901", "57P01", ""}) {
        const auto response = problem_response({code, "secret detail", "secret_column", "secret hint"});
        EXPECT_GE(response.status, 500) << code;
        EXPECT_EQ(response.body.find("secret"), std::string::npos) << response.body;
    }
    EXPECT_EQ(problem_response({"XX000", "x", "", ""}).body,
              "{\"error\":\"this has failed here, through no fault of the request\",\"code\":\"XX000\"}\n");
}

TEST(ProblemResponse, DoesNotTellTheWordsOfPostgreSQL) {
    for (const char* code : {"42501", "22P02", "22003"}) {
        const auto response = problem_response({code, "secret detail", "secret_column", "secret hint"});
        EXPECT_LT(response.status, 500) << code;
        EXPECT_EQ(response.body.find("secret"), std::string::npos) << response.body;
    }
}

TEST(ProblemResponse, SaysWhenToComeAgain) {
    const auto away = problem_response({"", "the connection to the database was lost", "", ""});
    EXPECT_EQ(away.status, 503);
    EXPECT_EQ(retry_after(away), "5");
    EXPECT_EQ(away.body, "{\"error\":\"this cannot be done at the moment; try again\"}\n");
    const auto in_the_way = problem_response({"BK401", "another transaction is in the way", "", ""});
    EXPECT_EQ(retry_after(in_the_way), "1");
    EXPECT_EQ(in_the_way.body, "{\"error\":\"another transaction is in the way\",\"code\":\"BK401\"}\n");
    EXPECT_EQ(retry_after(unavailable_response("x", 7)), "7");
}

} // namespace

} // namespace pgbk::relay
