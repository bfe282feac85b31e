#include "core/refusal.hpp"

#include "unit/text.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace pgbk::core {

namespace {

// The enumerators of RefusalKind, read from the header: C++ has no list of them.
std::vector<std::string> kinds_in_header() {
    std::ifstream file(PGBK_SOURCE_DIR "/extension/src/core/refusal.hpp");
    std::vector<std::string> kinds;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("enum class RefusalKind")) {
            inside = true;
        } else if (inside && line.starts_with("}")) {
            break;
        } else if (inside) {
            const auto begin = line.find_first_not_of(' ');
            kinds.push_back(line.substr(begin, line.find(',') - begin));
        }
    }
    return kinds;
}

TEST(RefusalTable, HasOneRowForEachKindNamedLikeIt) {
    std::vector<std::string> names;
    for (const auto& code : refusal_codes()) {
        names.emplace_back(code.name);
    }
    EXPECT_FALSE(names.empty());
    EXPECT_EQ(names, kinds_in_header());
}

TEST(RefusalTable, IsIndexedByKind) {
    for (const auto& code : refusal_codes()) {
        EXPECT_EQ(refusal_code(code.kind).name, code.name);
    }
}

TEST(RefusalTable, HasNoSqlstateTwice) {
    std::set<std::string_view> seen;
    for (const auto& code : refusal_codes()) {
        EXPECT_TRUE(seen.insert(code.sqlstate).second) << code.sqlstate;
    }
}

TEST(RefusalTable, HasNoNameTwice) {
    std::set<std::string_view> seen;
    for (const auto& code : refusal_codes()) {
        EXPECT_TRUE(seen.insert(code.name).second) << code.name;
    }
}

TEST(RefusalTable, HasOnlySqlstatesOfClassBK) {
    for (const auto& code : refusal_codes()) {
        ASSERT_EQ(code.sqlstate.size(), 5U) << code.name;
        EXPECT_EQ(code.sqlstate.substr(0, 2), "BK") << code.name;
        EXPECT_EQ(code.sqlstate.find_first_not_of("0123456789", 2), std::string_view::npos) << code.name;
        EXPECT_NE(code.sqlstate, "BK000") << "000 stands for the class as a whole";
    }
}

TEST(RefusalTable, SaysInOneLineWhatEachCodeMeans) {
    for (const auto& code : refusal_codes()) {
        EXPECT_FALSE(code.meaning.empty()) << code.name;
        EXPECT_FALSE(test::has_control(code.meaning)) << code.name;
        EXPECT_NE(code.meaning.back(), '.') << code.name;
    }
}

TEST(Refusal, CarriesWhatItWasMadeWith) {
    const Refusal refusal(RefusalKind::sold_out, "message", "detail", "hint");
    EXPECT_EQ(refusal.kind(), RefusalKind::sold_out);
    EXPECT_EQ(refusal.code().sqlstate, "BK201");
    EXPECT_EQ(refusal.message(), "message");
    EXPECT_EQ(refusal.detail(), "detail");
    EXPECT_EQ(refusal.hint(), "hint");
    EXPECT_EQ(refusal.field(), "");
    EXPECT_STREQ(refusal.what(), "message");
}

TEST(Refusal, NamesTheFieldThatIsToBlame) {
    const Refusal refusal(RefusalKind::invalid_email, "message", "detail", "hint", "customerEmail");
    EXPECT_EQ(refusal.field(), "customerEmail");
    EXPECT_EQ(refusal.hint(), "hint");
}

TEST(Quoted, KeepsAShortValue) {
    EXPECT_EQ(core::quoted(""), "\"\"");
    EXPECT_EQ(core::quoted("Gr\u00fc\u00dfe"), "\"Gr\u00fc\u00dfe\"");
}

TEST(Quoted, KeepsEightyBytesAndCutsTheEightyFirst) {
    const std::string eighty(80, 'a');
    EXPECT_EQ(core::quoted(eighty), "\"" + eighty + "\"");
    EXPECT_EQ(core::quoted(eighty + "b"), "\"" + eighty + "...\"");
}

TEST(Quoted, CutsBetweenCharactersAtEveryOffset) {
    for (const std::string character : {"\u00e9", "\u20ac", "\U0001F3BE"}) {
        for (std::size_t lead = 0; lead < 8; ++lead) {
            std::string value(lead, 'a');
            while (value.size() <= 80) {
                value += character;
            }
            const std::string out = core::quoted(value);
            EXPECT_TRUE(test::is_utf8(out)) << out;
            EXPECT_LE(out.size(), 80U + 5U);
            EXPECT_GT(out.size(), 80U + 5U - character.size()) << "no more is cut than must be";
            EXPECT_EQ(out.substr(1, out.size() - 5), value.substr(0, out.size() - 5));
        }
    }
}

TEST(Quoted, ReplacesControlCharacters) {
    for (int c = 0; c < 0x20; ++c) {
        EXPECT_EQ(core::quoted(std::string{'a', static_cast<char>(c), 'b'}), "\"a?b\"") << c;
    }
    EXPECT_EQ(core::quoted("\x7f"), "\"?\"");
    EXPECT_EQ(core::quoted("a b~"), "\"a b~\"");
}

TEST(Quoted, SurvivesBytesThatAreNotUtf8) {
    EXPECT_EQ(core::quoted(std::string(200, '\x80')), "\"...\"");
    EXPECT_EQ(core::quoted("\xff"), "\"\xff\"");
}

} // namespace

} // namespace pgbk::core
