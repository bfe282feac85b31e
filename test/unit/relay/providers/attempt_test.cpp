// One attempt at a call: steps, logins, and what is reported, with a provider that says what the test wants.
#include "providers/attempt.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <stdexcept>

namespace pgbk::relay {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

class Scripted : public Provider {
public:
    std::string_view name() const override { return "scripted"; }
    ProviderStep begin(const ProviderCall& call, const ProviderAccount& account) const override {
        begun.push_back((call.uncertain ? "uncertain " : "") + account.access_token);
        return next();
    }
    ProviderStep proceed(const ProviderCall& /*call*/, const ProviderAccount& /*account*/, const ProviderRequest& asked,
                         const ProviderAnswer& answer) const override {
        answered.push_back(asked.step + " " + std::to_string(answer.status));
        return next();
    }
    std::optional<ProviderRequest> login(const ProviderAccount& /*account*/) const override {
        return has_login ? std::optional(ProviderRequest{}) : std::nullopt;
    }

    bool has_login = false;
    mutable std::deque<ProviderStep> script;
    mutable std::vector<std::string> begun;
    mutable std::vector<std::string> answered;

private:
    ProviderStep next() const {
        if (script.empty()) {
            throw std::out_of_range("a mistake of the rules");
        }
        ProviderStep step = script.front();
        script.pop_front();
        return step;
    }
};

ProviderRequest request(const std::string& step, const std::string& method = "POST") {
    ProviderRequest out;
    out.step = step;
    out.method = method;
    return out;
}

ProviderAnswer answer(int status) {
    ProviderAnswer out;
    out.status = status;
    return out;
}

class Attempts : public ::testing::Test {
protected:
    Attempt attempt(std::deque<ProviderStep> script, bool uncertain = false) {
        provider.script = std::move(script);
        ProviderCall call;
        call.uncertain = uncertain;
        return Attempt(provider, call, {});
    }

    static json::object report(const Attempt& attempt) { return json::parse(attempt.report()).as_object(); }

    Scripted provider;
};

TEST_F(Attempts, GoStepByStep) {
    Attempt call = attempt({request("look", "GET"), request("make"), Done{{{"url", "https://a"}}}});
    EXPECT_EQ(std::get<ProviderRequest>(call.begin("")).step, "look");
    EXPECT_EQ(std::get<ProviderRequest>(call.answered(answer(200))).step, "make");
    EXPECT_TRUE(std::holds_alternative<Attempt::Ended>(call.answered(answer(201))));
    EXPECT_EQ(provider.answered, (std::vector<std::string>{"look 200", "make 201"}));
    EXPECT_TRUE(call.is_done());
    EXPECT_EQ(report(call),
              (json::object{{"ending", "done"}, {"facts", {{"url", "https://a"}}}, {"http_status", 201}}));
}

TEST_F(Attempts, ReportHowTheyEnd) {
    Attempt busy = attempt({Retry{"busy", 7s, true}});
    busy.begin("");
    EXPECT_EQ(
        report(busy),
        (json::object{{"ending", "retry"}, {"uncertain", false}, {"retry_after_seconds", 7}, {"reason", "busy"}}));
    EXPECT_EQ(busy.hold(), 7s);
    Attempt silent = attempt({Ambiguous{"silence"}});
    silent.begin("");
    EXPECT_EQ(report(silent), (json::object{{"ending", "retry"}, {"uncertain", true}, {"reason", "silence"}}));
    EXPECT_EQ(silent.hold(), std::nullopt);
    EXPECT_EQ(silent.ending(), "uncertain");
    Attempt refused = attempt({Refused{"no such price"}});
    refused.begin("");
    EXPECT_EQ(report(refused),
              (json::object{{"ending", "refused"}, {"uncertain", false}, {"reason", "no such price"}}));
}

TEST_F(Attempts, ReportWithoutFactsWhatTheDatabaseDoesNotTake) {
    Attempt call = attempt({request("make"), Done{{{"url", "https://a"}}}});
    call.begin("");
    call.answered(answer(201));
    const auto report = json::parse(call.report_without_facts()).as_object();
    EXPECT_EQ(report.at("ending"), "retry");
    EXPECT_EQ(report.at("uncertain"), true) << "the page was made";
    EXPECT_FALSE(report.contains("facts"));
}

TEST_F(Attempts, WhatWasUncertainStaysSo) {
    Attempt call = attempt({request("look", "GET"), Retry{"busy"}}, true);
    call.begin("");
    call.answered(answer(429));
    EXPECT_EQ(report(call).at("uncertain"), true) << "the look-up has found nothing out";
    Attempt refused = attempt({request("make"), Refused{"no such price"}}, true);
    refused.begin("");
    refused.answered(answer(400));
    EXPECT_EQ(report(refused).at("uncertain"), true) << "the page may have been made before";
    Attempt nothing = attempt({request("look", "GET"), Refused{"no such price", true}}, true);
    nothing.begin("");
    nothing.answered(answer(200));
    EXPECT_EQ(report(nothing).at("uncertain"), false) << "the look-up has shown that it was not";
}

TEST_F(Attempts, LogInFirstWhereThereIsNoLogin) {
    provider.has_login = true;
    Attempt call = attempt({request("make"), Done{}});
    EXPECT_TRUE(std::holds_alternative<Attempt::LogIn>(call.begin("")));
    EXPECT_TRUE(provider.begun.empty());
    EXPECT_EQ(std::get<ProviderRequest>(call.logged_in("token")).step, "make");
    EXPECT_EQ(provider.begun, std::vector<std::string>{"token"});
}

TEST_F(Attempts, LogInOnceMoreAndBeginAnew) {
    provider.has_login = true;
    Attempt call = attempt({request("make"), NeedsLogin{}, request("make"), NeedsLogin{}});
    call.begin("old");
    EXPECT_TRUE(std::holds_alternative<Attempt::LogIn>(call.answered(answer(401))));
    EXPECT_EQ(call.refused_token(), "old");
    EXPECT_EQ(std::get<ProviderRequest>(call.logged_in("new")).step, "make");
    EXPECT_EQ(provider.begun, (std::vector<std::string>{"old", "uncertain new"})) << "something was sent before";
    EXPECT_TRUE(std::holds_alternative<Attempt::Ended>(call.answered(answer(401)))) << "a third time is in vain";
    EXPECT_EQ(call.ending(), "retry");
}

TEST_F(Attempts, EndWhereThereIsNoLogin) {
    provider.has_login = true;
    Attempt call = attempt({});
    call.begin("");
    EXPECT_TRUE(std::holds_alternative<Attempt::Ended>(call.login_failed({"wrong key", 60s, true})));
    EXPECT_EQ(call.reason(), "wrong key");
    EXPECT_EQ(call.hold(), 60s);
}

TEST_F(Attempts, AreInterrupted) {
    Attempt before = attempt({request("make")});
    before.interrupt("no time");
    EXPECT_EQ(report(before).at("uncertain"), false) << "nothing was sent";
    Attempt in_between = attempt({request("make")});
    in_between.begin("");
    in_between.interrupt("no time");
    EXPECT_EQ(report(in_between).at("uncertain"), true);
}

TEST_F(Attempts, OutliveMistakesOfTheRules) {
    Attempt first = attempt({});
    EXPECT_TRUE(std::holds_alternative<Attempt::Ended>(first.begin("")));
    EXPECT_EQ(report(first).at("uncertain"), false);
    Attempt second = attempt({request("make")});
    second.begin("");
    EXPECT_TRUE(std::holds_alternative<Attempt::Ended>(second.answered(answer(200))));
    EXPECT_EQ(report(second).at("uncertain"), true);
}

TEST_F(Attempts, DoNotGoInCircles) {
    std::deque<ProviderStep> script(20, request("look", "GET"));
    Attempt call = attempt(script);
    Attempt::Next next = call.begin("");
    int requests = 0;
    while (std::holds_alternative<ProviderRequest>(next)) {
        ++requests;
        next = call.answered(answer(200));
    }
    EXPECT_EQ(requests, 8);
    EXPECT_EQ(call.ending(), "uncertain");
}

TEST_F(Attempts, ReportWhatTheDatabaseCanStore) {
    Attempt call = attempt({Done{{{"url", std::string("a\0b", 3)}, {"list", json::array{"\xff"}}}}});
    call.begin("");
    const auto facts = report(call).at("facts").as_object();
    EXPECT_EQ(facts.at("url"), "a\xEF\xBF\xBD"
                               "b");
    EXPECT_EQ(facts.at("list").as_array().at(0), "\xEF\xBF\xBD");
}

} // namespace

} // namespace pgbk::relay
