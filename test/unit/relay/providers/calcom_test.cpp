#include "providers/calcom.hpp"
#include "providers/calcom_appointment.hpp"
#include "talk.hpp"

namespace pgbk::relay {

namespace {

const Calcom provider;

ProviderAccount account() {
    ProviderAccount account;
    account.organization = 7;
    account.provider = "calcom";
    account.base_url = "https://api.cal.com";
    account.keys["api_key"] = "cal_live_verysecretkey";
    account.keys["event_type_single"] = "124";
    return account;
}

constexpr const char* wish =
    R"({"package_id": "single", "start": "2027-03-10T10:00:00.000Z", "end": "2027-03-10T11:00:00.000Z",
    "timezone": "America/Vancouver", "language": "de", "metadata": {"booking_id": "b-1", "booking_number": "ACDE3467"},
    "customer_name": "Ada Lovelace", "customer_email": "ada+x@example.com", "notes": "By the window, \"please\""})";

Talk calling(const char* action, std::string_view request, bool uncertain = false) {
    Talk talk{provider, call_of(action, request), account()};
    talk.call.uncertain = uncertain;
    return talk.begin();
}

Talk creating(bool uncertain = false) {
    return calling("create_booking", wish, uncertain);
}
Talk moving(bool uncertain = false) {
    return calling("reschedule_booking", R"({"uid": "u/1", "start": "2027-03-11T09:00:00.000Z"})", uncertain);
}
Talk calling_off(bool uncertain = false) {
    return calling("cancel_booking", R"({"uid": "u/1", "reason": "Booking ACDE3467 was cancelled."})", uncertain);
}

struct Said {
    std::string uid = "u/1";
    std::string status = "accepted";
    std::string start = "2027-03-10T10:00:00.000Z";
    std::string more = {};
    std::string updated_at = "2027-03-01T12:00:00.000Z";
};

std::string booking(const Said& said) {
    return R"({"id":17,"uid":")" + said.uid + R"(","status":")" + said.status + R"(","start":")" + said.start +
           R"(","end":"2027-03-12T00:00:00.000Z","location":"https://meet.example/x","createdAt":"2027-03-01T11:00:00Z",)"
           R"("updatedAt":")" +
           said.updated_at + R"(","metadata":{"booking_call":"key-of-the-call"})" + said.more + "}";
}
std::string success(const std::string& data) {
    return R"({"status":"success","data":)" + data + "}";
}
std::string answer(const Said& said = {}) {
    return success(booking(said));
}
std::string list(std::initializer_list<Said> all) {
    std::string text;
    for (const Said& said : all) {
        text += (text.empty() ? "" : ",") + booking(said);
    }
    return success("[" + text + "]");
}
const std::string taken =
    R"({"status":"error","error":{"code":"BadRequestException","message":"User either already has booking at this time or is not available"}})";

const boost::json::array& appointments(const Talk& talk) {
    static const boost::json::array none;
    const auto* const found = talk.end<Done>().facts.if_contains("appointments");
    EXPECT_NE(found, nullptr);
    return found == nullptr ? none : found->as_array();
}
std::string text_of(const boost::json::value& appointment, const char* name) {
    return std::string(appointment.at(name).as_string());
}

TEST(Calcom, AsksForAnAppointmentWithEveryField) {
    const Talk talk = creating();
    const ProviderRequest& request = talk.request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/v2/bookings");
    EXPECT_EQ(header_of(request, "authorization"), "Bearer cal_live_verysecretkey");
    EXPECT_EQ(header_of(request, "cal-api-version"), "2024-08-13");
    EXPECT_EQ(header_of(request, "content-type"), "application/json");
    EXPECT_EQ(boost::json::parse(request.body), boost::json::parse(R"({"start": "2027-03-10T10:00:00.000Z",
        "eventTypeId": 124, "attendee": {"name": "Ada Lovelace", "email": "ada+x@example.com", "timeZone": "America/Vancouver",
        "language": "de"}, "metadata": {"booking_id": "b-1", "booking_number": "ACDE3467",
        "booking_call": "key-of-the-call"}, "bookingFieldsResponses": {"notes": "By the window, \"please\""}})"));
}

TEST(Calcom, LeavesOutWhatIsNotKnown) {
    const Talk talk = calling("create_booking", R"({"package_id": "single", "event_type": "900719925474099",
        "start": "2027-03-10T10:00:00.000Z", "language": "tlh", "customer_email": "ada@example.com"})");
    EXPECT_EQ(boost::json::parse(talk.request().body), boost::json::parse(R"({"start": "2027-03-10T10:00:00.000Z",
        "eventTypeId": 900719925474099, "attendee": {"name": "ada", "email": "ada@example.com", "timeZone": "UTC"},
        "metadata": {"booking_call": "key-of-the-call"}})"));
}

TEST(Calcom, WaitsForAnEventTypeThatNobodyHasConfigured) {
    const Talk talk = calling("create_booking", R"({"package_id": "monthly", "start": "2027-03-10T10:00:00.000Z"})");
    EXPECT_EQ(talk.end<Retry>().reason, "no event type is known for package monthly");
    EXPECT_EQ(talk.end<Retry>().after, std::chrono::minutes(5));
    Talk wrong{provider, call_of("create_booking", wish), account()};
    wrong.account.keys["event_type_single"] = "12x";
    EXPECT_EQ(wrong.begin().end<Retry>().reason, "no event type is known for package single");
}

TEST(Calcom, SaysWhatWasMade) {
    Talk talk = creating();
    talk.answer(201, answer());
    EXPECT_EQ(talk.facts(),
              R"({"status":"accepted","appointments":[{"uid":"u/1","id":"17","status":"accepted",)"
              R"("start":"2027-03-10T10:00:00.000Z","end":"2027-03-12T00:00:00.000Z",)"
              R"("meeting_url":"https://meet.example/x","at":"2027-03-01T12:00:00.000Z","old_uid":""}]})");
    Talk pending = creating();
    pending.answer(201, answer({.status = "pending"}));
    EXPECT_EQ(text_of(appointments(pending).at(0), "status"), "requested");
}

TEST(Calcom, ATimeThatIsTakenIsRefusedOnceItIsSureThatItIsNotOurs) {
    for (const auto& [status, body] : {std::pair{400, taken}, std::pair{409, std::string("{}")}}) {
        Talk talk = creating();
        talk.answer(status, body);
        EXPECT_EQ(talk.request().method, "GET");
        EXPECT_EQ(talk.request().path,
                  "/v2/bookings?attendeeEmail=ada%2Bx%40example.com&eventTypeId=124&sortCreated=desc&take=100");
        EXPECT_EQ(header_of(talk.request(), "content-type"), "");
        Talk ours = talk;
        EXPECT_EQ(talk.answer(200, list({})).end<Refused>().reason, "slot_taken");
        ours.answer(200, list({{}}));
        EXPECT_EQ(text_of(appointments(ours).at(0), "uid"), "u/1");
    }
}

TEST(Calcom, OtherRefusalsSayWhyWithoutWhatWasSent) {
    const auto refusal = [](int status, const std::string& body) {
        Talk talk = creating();
        talk.answer(status, body).answer(200, list({}));
        return talk.end<Refused>().reason;
    };
    EXPECT_EQ(refusal(404, R"({"error":{"message":"Event type with id 124 not found."}})"), "not_found");
    EXPECT_EQ(refusal(400, R"({"error":{"message":"One of the hosts is busy"}})"),
              "rejected: One of the hosts is busy");
    EXPECT_EQ(refusal(400, R"({"message":"ada+x@example.com is banned"})"), "rejected with HTTP status 400");
    EXPECT_EQ(refusal(422, "<html>"), "rejected with HTTP status 422");
    EXPECT_EQ(refusal(400, R"({"message":"No seat for Ada Lovelace"})").find("Ada Lovelace"), std::string::npos);
    EXPECT_EQ(refusal(400, R"({"error":{"message":"Attempting to book a meeting in the past."}})"), "slot_taken");
}

TEST(Calcom, AnAnswerThatIsLostIsLookedForBeforeItIsAskedAgain) {
    EXPECT_EQ(creating().silence(true).end<Ambiguous>().after, std::chrono::seconds(20));
    EXPECT_EQ(creating().silence(false).end<Retry>().reason, "unavailable");
    for (const int status : {500, 502, 408, 302}) {
        EXPECT_EQ(creating().answer(status, "{}").end<Ambiguous>().reason, "unavailable") << status;
    }
    for (const std::string& body : {std::string("nonsense"), std::string("{}"), success("[]"), success("{}"),
                                    answer({.uid = ""}), answer({.status = "new"}), answer({.start = "2027-02-30"})}) {
        EXPECT_EQ(creating().answer(201, body).end<Ambiguous>().reason, "unreadable") << body;
    }
    Talk cut = creating();
    ProviderAnswer half;
    half.status = 201;
    half.body = answer();
    EXPECT_EQ(cut.answer(half).end<Ambiguous>().reason, "unavailable");

    Talk again = creating(true);
    EXPECT_EQ(again.request().method, "GET");
    Talk found = again;
    found.answer(200, list({{.more = R"(,"metadata":{"booking_call":"another"})"}, {.uid = "u2"}}));
    EXPECT_EQ(appointments(found).size(), 1);
    EXPECT_EQ(text_of(appointments(found).at(0), "uid"), "u2");
    EXPECT_EQ(again.answer(200, list({})).request().path, "/v2/bookings");
    again.answer(201, answer());
    EXPECT_EQ(appointments(again).size(), 1);
}

TEST(Calcom, ALookUpThatSaysNothingIsNotTakenForNone) {
    for (const std::string& body :
         {std::string("nonsense"), success("{}"), list({{.status = "new"}}), success("[7]")}) {
        Talk talk = creating(true);
        EXPECT_EQ(talk.answer(200, body).end<Ambiguous>().reason, "unreadable") << body;
    }
    EXPECT_EQ(creating(true).answer(503, "").end<Retry>().reason, "unavailable"); // and stays uncertain
    EXPECT_EQ(creating(true).silence(true).end<Retry>().reason, "unavailable");
    Talk refused = creating();
    EXPECT_EQ(refused.answer(409, "{}").answer(500, "").end<Ambiguous>().reason, "unavailable");
}

TEST(Calcom, OfSeveralThatWereMadeTheFirstThatStandsCounts) {
    Talk talk = creating(true);
    talk.answer(200, list({{.uid = "late", .updated_at = "2027-03-01T13:00:00Z"},
                           {.uid = "off", .status = "cancelled", .updated_at = "2027-03-01T10:00:00Z"},
                           {.uid = "first"}}));
    EXPECT_EQ(text_of(appointments(talk).at(0), "uid"), "first");
}

TEST(Calcom, OneThatWasMovedMeanwhileIsFollowed) {
    Talk talk = creating(true);
    talk.answer(200, list({{.status = "cancelled", .more = R"(,"rescheduledToUid":"u 2")"}}));
    EXPECT_EQ(talk.request().path, "/v2/bookings/u%202");
    talk.answer(200, answer({.uid = "u 2", .start = "2027-03-11T10:00:00Z"}));
    ASSERT_EQ(appointments(talk).size(), 2);
    EXPECT_EQ(text_of(appointments(talk).at(1), "old_uid"), "u/1");
    EXPECT_EQ(talk.end<Done>().facts.at("status").as_string(), "accepted");

    Talk endless = calling("look_up_booking", R"({"uid": "u/1"})");
    for (int i = 0; i < 9; ++i) {
        endless.answer(200, answer({.status = "cancelled", .more = R"(,"rescheduledToUid":"next")"}));
    }
    EXPECT_EQ(endless.end<Retry>().reason, "unreadable");
}

TEST(Calcom, MovesAnAppointment) {
    Talk talk = moving();
    EXPECT_EQ(talk.request().path, "/v2/bookings/u%2F1/reschedule");
    EXPECT_EQ(talk.request().body, R"({"start":"2027-03-11T09:00:00.000Z"})");
    talk.answer(201, answer({.uid = "u2", .start = "2027-03-11T09:00:00Z"}));
    EXPECT_EQ(text_of(appointments(talk).at(0), "old_uid"), "u/1");
}

TEST(Calcom, AMoveThatIsRefusedLeavesItWhereItWas) {
    Talk talk = moving();
    talk.answer(400, taken);
    EXPECT_EQ(talk.request().path, "/v2/bookings/u%2F1");
    EXPECT_EQ(talk.answer(200, answer()).end<Refused>().reason, "slot_taken");
    Talk off = moving();
    off.answer(400, R"({"message":"Can't reschedule a cancelled booking"})")
        .answer(200, answer({.status = "cancelled"}));
    EXPECT_EQ(text_of(appointments(off).at(0), "status"), "cancelled");
    EXPECT_EQ(moving().answer(404, "{}").answer(404, "{}").end<Refused>().reason, "not_found");
}

TEST(Calcom, AMoveThatMayHaveBeenMadeIsLookedForFirst) {
    Talk made = moving(true);
    EXPECT_EQ(made.request().method, "GET");
    made.answer(200, answer({.status = "cancelled", .more = R"(,"rescheduledToUid":"u2")"}));
    made.answer(200, answer({.uid = "u2", .start = "2027-03-11T09:00:00Z"}));
    EXPECT_EQ(appointments(made).size(), 2);
    Talk not_made = moving(true);
    EXPECT_EQ(not_made.answer(200, answer()).request().path, "/v2/bookings/u%2F1/reschedule");
    not_made.answer(201, answer({.uid = "u2", .start = "2027-03-11T09:00:00Z"}));
    EXPECT_EQ(appointments(not_made).size(), 1);
    Talk same_uid = moving(true);
    same_uid.answer(200, answer({.start = "2027-03-11T09:00:00Z"}));
    EXPECT_EQ(appointments(same_uid).size(), 1);
}

TEST(Calcom, CallsAnAppointmentOff) {
    Talk talk = calling_off();
    EXPECT_EQ(talk.request().path, "/v2/bookings/u%2F1/cancel");
    EXPECT_EQ(talk.request().body, R"({"cancellationReason":"Booking ACDE3467 was cancelled."})");
    talk.answer(200, answer({.status = "cancelled"}));
    EXPECT_EQ(text_of(appointments(talk).at(0), "status"), "cancelled");
    Talk again = calling_off();
    again.answer(400, R"({"message":"Booking already cancelled"})").answer(200, answer({.status = "cancelled"}));
    EXPECT_EQ(text_of(appointments(again).at(0), "status"), "cancelled");
    Talk stands = calling_off();
    EXPECT_EQ(stands.answer(200, answer()).end<Ambiguous>().reason, "unreadable");
    Talk refused = calling_off();
    EXPECT_EQ(refused.answer(400, R"({"message":"Too late"})").answer(200, answer()).end<Refused>().reason,
              "rejected: Too late");
    Talk moved = calling_off(true); // by somebody at Cal.com: what stands now is called off next
    moved.answer(200, answer({.status = "cancelled", .more = R"(,"rescheduledToUid":"u2")"}));
    moved.answer(200, answer({.uid = "u2"}));
    EXPECT_EQ(text_of(appointments(moved).at(1), "uid"), "u2");
}

TEST(Calcom, LooksUp) {
    Talk talk = calling("look_up_booking", R"({"uid": "u/1"})");
    EXPECT_EQ(talk.request().path, "/v2/bookings/u%2F1");
    Talk other = talk;
    EXPECT_EQ(talk.answer(200, answer({.status = "rejected"})).end<Done>().facts.at("status").as_string(), "rejected");
    other.answer(200, answer({.uid = "u2"}));
    EXPECT_EQ(text_of(appointments(other).at(0), "old_uid"), "u/1") << "an old uid is answered with what it has become";
    EXPECT_EQ(calling("look_up_booking", R"({"uid": "x"})").answer(404, "{}").end<Refused>().reason, "not_found");
    EXPECT_EQ(calling("look_up_booking", R"({"uid": "x"})").answer(200, "[]").end<Retry>().reason, "unreadable");
}

TEST(Calcom, ObeysLimitsAndHoldsTheAccount) {
    ProviderAnswer slow_down;
    slow_down.status = 429;
    slow_down.complete = true;
    slow_down.retry_after = std::chrono::seconds(7);
    const Talk talk = creating().answer(slow_down);
    EXPECT_EQ(talk.end<Retry>().after, std::chrono::seconds(7));
    EXPECT_TRUE(talk.end<Retry>().holds_account);
    for (const int status : {401, 403}) {
        EXPECT_EQ(creating().answer(status, "{}").end<Retry>().reason, "unauthorized");
        EXPECT_TRUE(creating().answer(status, "{}").end<Retry>().holds_account);
    }
    EXPECT_LE(provider.rate().per_second * 60 + provider.rate().burst, 120);
}

TEST(Calcom, OnlyPagesAndPlainTextAreKept) {
    Talk talk = creating();
    talk.answer(201, success(R"J({"id":-3,"uid":"u","status":"accepted","start":"2027-03-10T10:00:00Z",
        "end":"2027-03-10T11:00:00Z","location":"javascript:alert(1)","meetingUrl":"https://a.example/\"x",
        "createdAt":"2027-03-01T11:00:00Z","updatedAt":"never"})J"));
    EXPECT_EQ(text_of(appointments(talk).at(0), "meeting_url"), "");
    EXPECT_EQ(text_of(appointments(talk).at(0), "at"), "2027-03-01T11:00:00Z");
    EXPECT_EQ(creating().answer(201, answer({.uid = std::string("a\\u0000b")})).end<Ambiguous>().reason, "unreadable");
    EXPECT_EQ(creating().answer(201, answer({.uid = std::string(501, 'x')})).end<Ambiguous>().reason, "unreadable");
}

} // namespace

} // namespace pgbk::relay
