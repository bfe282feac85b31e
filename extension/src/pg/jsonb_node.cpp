#include "pg/jsonb_node.hpp"

namespace pgbk {

namespace {

using core::JsonKind;
using core::JsonNode;

JsonNode* new_node(JsonKind kind, std::string_view key) {
    auto* const node = static_cast<JsonNode*>(palloc0(sizeof(JsonNode)));
    node->kind = kind;
    node->key = key;
    return node;
}

JsonNode* scalar(const JsonbValue& value, std::string_view key) {
    switch (value.type) {
    case jbvString: {
        JsonNode* const node = new_node(JsonKind::string, key);
        node->text = {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
        return node;
    }
    case jbvNumeric: {
        JsonNode* const node = new_node(JsonKind::number, key);
        node->text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
        return node;
    }
    case jbvBool: {
        JsonNode* const node = new_node(JsonKind::boolean, key);
        node->boolean = value.val.boolean;
        return node;
    }
    default:
        return new_node(JsonKind::null, key);
    }
}

// Reads children until the end of the container that has just begun. Depth is limited by jsonb's own input check.
void read_children(JsonbIterator** iterator, JsonNode* parent) {
    check_stack_depth();
    const JsonNode** slot = &parent->first;
    std::string_view key;
    for (;;) {
        JsonbValue value;
        JsonNode* child = nullptr;
        switch (JsonbIteratorNext(iterator, &value, false)) {
        case WJB_KEY:
            key = {value.val.string.val, static_cast<std::size_t>(value.val.string.len)};
            continue;
        case WJB_VALUE:
        case WJB_ELEM:
            child = scalar(value, key);
            break;
        case WJB_BEGIN_ARRAY:
            child = new_node(JsonKind::array, key);
            read_children(iterator, child);
            break;
        case WJB_BEGIN_OBJECT:
            child = new_node(JsonKind::object, key);
            read_children(iterator, child);
            break;
        default:
            return;
        }
        *slot = child;
        slot = &child->next;
    }
}

} // namespace

const JsonNode* json_tree(Jsonb* document) {
    JsonbIterator* iterator = JsonbIteratorInit(&document->root);
    // A scalar document is stored as an array of one element; as a node it is the element.
    JsonNode* const top = new_node(JsonKind::array, {});
    if (JB_ROOT_IS_SCALAR(document)) {
        JsonbValue value;
        (void)JsonbIteratorNext(&iterator, &value, false);
        read_children(&iterator, top);
        return top->first;
    }
    read_children(&iterator, top);
    return top->first;
}

} // namespace pgbk
