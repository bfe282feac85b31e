// The fuzzer's bytes as a list of unit items, right or wrong, against rules also made of them: it is refused, or it is
// an order that keeps every rule.
#include "core/unit_items.hpp"
#include "fuzz/fuzzing.hpp"

#include <algorithm>
#include <deque>
#include <vector>

namespace {

using namespace pgbk; // NOLINT(google-build-using-namespace): a program of its own
using core::JsonKind;
using core::JsonNode;
using test::Choices;
using test::require;

const std::vector<std::string> codes{"adult", "child", "family", "lap", "gone"};

class Document {
public:
    explicit Document(Choices& choices) : choices_(choices), root_(node(JsonKind::array, "")) {
        if (choices_.rarely()) {
            root_->kind = static_cast<JsonKind>(choices_.below(6));
        }
        const JsonNode** slot = &root_->first;
        for (int count = choices_.below(8); count > 0; --count) {
            JsonNode* const made = entry();
            *slot = made;
            slot = &made->next;
        }
    }

    const JsonNode& root() const { return *root_; }
    bool is_utf8() const { return std::all_of(texts_.begin(), texts_.end(), test::is_utf8); }

private:
    JsonNode* node(JsonKind kind, std::string_view key) {
        JsonNode& made = nodes_.emplace_back();
        made.kind = kind;
        made.key = key;
        return &made;
    }

    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

    JsonNode* member(bool is_unit) {
        const std::string_view key = choices_.rarely() ? keep(choices_.text()) : is_unit ? "unit" : "quantity";
        JsonNode* const made = node(is_unit ? JsonKind::string : JsonKind::number, key);
        if (choices_.rarely()) {
            made->kind = static_cast<JsonKind>(choices_.below(6));
            made->text = keep(choices_.text());
        } else if (is_unit) {
            made->text = codes.at(static_cast<std::size_t>(choices_.below(static_cast<int>(codes.size()))));
        } else {
            made->text =
                keep(std::to_string(choices_.rarely() ? choices_.wide_below(65536) - 9 : 1 + choices_.below(4)));
        }
        return made;
    }

    JsonNode* entry() {
        JsonNode* const made = node(choices_.rarely() ? JsonKind::string : JsonKind::object, "");
        if (made->kind == JsonKind::object) {
            JsonNode* const unit = member(true);
            made->first = unit;
            if (choices_.below(3) > 0) {
                unit->next = member(false);
            }
        }
        return made;
    }

    Choices& choices_;
    std::deque<JsonNode> nodes_;
    std::deque<std::string> texts_;
    JsonNode* root_;
};

std::vector<core::UnitRule> make_rules(Choices& choices) {
    std::vector<core::UnitRule> rules;
    for (std::size_t i = 0; i + 1 < codes.size(); ++i) {
        core::UnitRule rule{
            codes.at(i), choices.wide_below(65536), choices.below(5), 1 + choices.below(2), std::nullopt,
            {},          !choices.rarely()};
        if (choices.rarely()) {
            rule.most = 1 + choices.below(10);
        }
        if (choices.below(4) == 1) {
            rule.accompanied_by.push_back(codes.at(static_cast<std::size_t>(choices.below(4))));
        }
        rules.push_back(std::move(rule));
    }
    return rules;
}

std::vector<core::UnitLine> make_lines(Choices& choices) {
    std::vector<core::UnitLine> lines;
    for (const std::string& code : codes) {
        if (choices.below(3) == 1) {
            lines.push_back({code, 1 + choices.below(5), choices.wide_below(65536), choices.below(3)});
        }
    }
    return lines;
}

const core::UnitRule* rule_of(const std::vector<core::UnitRule>& rules, const std::string& unit) {
    const auto found =
        std::find_if(rules.begin(), rules.end(), [&](const core::UnitRule& rule) { return rule.unit == unit; });
    return found == rules.end() ? nullptr : &*found;
}

void check_order(const core::UnitOrder& order, const std::vector<core::UnitRule>& rules,
                 const std::vector<core::UnitLine>& had) {
    std::int64_t seats = 0;
    std::int64_t price = 0;
    for (const core::UnitLine& line : order.lines) {
        seats += std::int64_t{line.seats} * line.quantity;
        price += line.price * line.quantity;
        const auto before =
            std::find_if(had.begin(), had.end(), [&](const core::UnitLine& each) { return each.unit == line.unit; });
        const core::UnitRule* const rule = rule_of(rules, line.unit);
        require(rule != nullptr || before != had.end(), "a unit is one of the activity or of the booking");
        require(before == had.end() ? line.price == rule->price : line.price == before->price,
                "what is there keeps its price, and what is new costs what the activity says");
        require(before == had.end() ? rule->is_sold && line.quantity >= rule->least
                                    : (rule != nullptr && rule->is_sold) || line.quantity <= before->quantity,
                "what is not sold does not become more");
    }
    require(seats == order.seats && price == order.price && seats > 0, "sums are sums");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Choices choices(data, size);
    const Document document(choices);
    try {
        const auto items = core::read_unit_items(document.root());
        require(!items.empty() && std::is_sorted(items.begin(), items.end(),
                                                 [](const auto& a, const auto& b) { return a.unit < b.unit; }),
                "items are by unit");
        for (const core::UnitItem& item : items) {
            require(item.quantity >= 1 && item.quantity <= core::most_of_a_unit, "a quantity is one");
        }
        const auto rules = make_rules(choices);
        const auto had = make_lines(choices);
        check_order(core::order_units(items, rules, had), rules, had);
    } catch (const core::Refusal& refusal) {
        test::check_refusal(refusal, document.is_utf8());
    }
    return 0;
}
