/* The rows of `when`, and what its entries mean. */

#include "schemas/when.h"

static const char *const scheme_names[] = {[WHEN_HTTP] = "http", [WHEN_HTTPS] = "https", NULL};

// clang-format off
static const struct field condition_fields[] = {
    FIELD(struct condition_spec, method, .syntax = &syntax_method, .count_most = 16,
          .help = "The method is one of these."),
    FIELD(struct condition_spec, host, .syntax = &syntax_server_name, .count_most = 64,
          .help = "The name that was asked is one of these; \"*.example.com\" stands for all names "
                  "below."),
    FIELD(struct condition_spec, scheme, .choices = scheme_names,
          .help = "The request came over https, or over http."),
    FIELD(struct condition_spec, path, .syntax = &syntax_regex,
          .help = "The path matches this regular expression; its groups are $1 to $9 of a redirect "
                  "or a rewrite."),
    FIELD(struct condition_spec, query, .key_syntax = &syntax_parameter, .syntax = &syntax_regex,
          .count_most = 16,
          .help = "Parameters of the query, as they were written, match these regular "
                  "expressions."),
    FIELD(struct condition_spec, header, .key_syntax = &syntax_plain_header,
          .syntax = &syntax_regex, .count_most = 16,
          .help = "Headers of the request match these regular expressions."),
    FIELD(struct condition_spec, cookie, .key_syntax = &syntax_parameter, .syntax = &syntax_regex,
          .count_most = 16,
          .help = "Cookies match these regular expressions."),
    FIELD(struct condition_spec, user_agent, .syntax = &syntax_regex,
          .help = "What the client calls itself matches this regular expression, in any case."),
    FIELD(struct condition_spec, referer, .syntax = &syntax_regex,
          .help = "The page that led here matches this regular expression, in any case; \"none\": "
                  "there is none; \"others\": it lies on another site."),
    FIELD(struct condition_spec, remote, .syntax = &syntax_network, .count_most = 1000,
          .help = "The client's address lies in one of these networks."),
    FIELD(struct condition_spec, file_exists, .syntax = &syntax_static_folder,
          .help = "There is a file at this path, which nginx looks up with each request."),
};

static const struct field when_fields[] = {
    FIELD_NAMED(struct when_spec, not, "not", .object = &condition_schema,
          .help = "None of these holds."),
    FIELD(struct when_spec, redirect, .object = &redirect_schema,
          .help = "Sends clients elsewhere.",
          .example = "redirect: https://m.example.com\n"
                     "user_agent: mobile"),
    FIELD(struct when_spec, respond, .object = &respond_schema,
          .help = "Answers with a fixed status and text."),
    FIELD(struct when_spec, rewrite, .syntax = &syntax_rewrite_target,
          .help = "Answers as another path of this site does. A request is sent on in this way only "
                  "once.",
          .example = "rewrite: /beta/index.html\n"
                     "cookie: { beta: ^on$ }"),
};
// clang-format on

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

const struct schema condition_schema = {
    .name = "when.not",
    .size = sizeof(struct condition_spec),
    .fields = condition_fields,
    .field_count = COUNT(condition_fields),
    .help = "Conditions.",
};

const struct schema when_schema = {
    .name = "when",
    .size = sizeof(struct when_spec),
    .fields = when_fields,
    .field_count = COUNT(when_fields),
    .base = &condition_schema,
    .help = "Conditions, all of which must hold, and what is done then.",
};

static bool has_condition(const struct condition_spec *conditions)
{
    for (size_t i = 0; i < COUNT(condition_fields); i++) {
        if (field_origin(&condition_fields[i], conditions) != NULL) {
            return true;
        }
    }
    return false;
}

static void check_action(struct check *check, const struct when_spec *entry, const char *field)
{
    const struct node *actions[] = {
        entry->redirect.object.node,
        entry->respond.object.node,
        entry->rewrite.node,
    };
    size_t count = 0;
    for (size_t i = 0; i < COUNT(actions); i++) {
        count += actions[i] != NULL;
    }
    if (count != 1) {
        check_add(check, DIAGNOSTIC_SITE_WHEN_ACTION, entry->all.object.node, field, NULL, NULL);
    }
}

static void check_entry(struct check *check, const struct when_spec *entry, const char *field)
{
    const char *regex = entry->all.path.text;
    if (!has_condition(&entry->all) && !has_condition(&entry->not )) {
        check_add(check, DIAGNOSTIC_SITE_WHEN_ALWAYS, entry->all.object.node, field, NULL, NULL);
    }
    check_action(check, entry, field);
    redirect_check(check, &entry->redirect, regex, field_below(check, field, "redirect"));
    respond_check(check, &entry->respond, field_below(check, field, "respond"));
    template_check(check, &entry->rewrite, regex, true, field_below(check, field, "rewrite"));
}

void when_check(struct check *check, const struct object_list *list, const char *field)
{
    const struct when_spec *entries = list->items;
    for (size_t i = 0; i < list->count; i++) {
        check_entry(check, &entries[i], arena_printf(check->arena, "%s.%zu", field, i + 1));
    }
}
