/* Answers that nginx gives by itself: their rows, and what these mean. */

#include "schemas/answer.h"

// clang-format off
static const struct field redirect_fields[] = {
    FIELD(struct redirect_spec, to, .is_required = true, .syntax = &syntax_redirect_target,
          .help = "A URL, or a path on the same site. $1 to $9 stand for the groups of the path's "
                  "regular expression; $host, $uri, $request_uri, $args, $is_args, $query_string, "
                  "$scheme, $server_port, $remote_addr, $request_method and $request_id for what "
                  "was asked; $$ for a dollar sign."),
    FIELD(struct redirect_spec, status, .fallback = "308", .least = 301, .most = 308,
          .help = "301, 302, 303, 307 or 308. 307 and 308 keep method and body."),
};

static const struct field respond_fields[] = {
    FIELD(struct respond_spec, status, .is_required = true, .least = 200, .most = 599,
          .help = "The status, such as 204; 444 closes the connection without an answer."),
    FIELD(struct respond_spec, body, .syntax = &syntax_response_body,
          .help = "The text of the answer."),
    FIELD(struct respond_spec, type, .syntax = &syntax_media_type, .fallback = "text/plain",
          .help = "Media type of the body."),
};
// clang-format on

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

const struct schema redirect_schema = {
    .name = "redirect",
    .size = sizeof(struct redirect_spec),
    .fields = redirect_fields,
    .field_count = COUNT(redirect_fields),
    .shorthand = "to",
    .help = "Sends clients elsewhere.",
};

const struct schema respond_schema = {
    .name = "respond",
    .size = sizeof(struct respond_spec),
    .fields = respond_fields,
    .field_count = COUNT(respond_fields),
    .shorthand = "status",
    .help = "A fixed answer.",
};

void redirect_check(struct check *check, const struct redirect_spec *redirect, const char *regex,
                    const char *field)
{
    template_check(check, &redirect->to, regex, false, field_below(check, field, "to"));
    int64_t status = redirect->status.number;
    if (redirect->status.node != NULL && status > 303 && status < 307) {
        check_add(check, DIAGNOSTIC_SITE_REDIRECT_STATUS, redirect->status.node,
                  field_below(check, field, "status"), redirect->status.node->text, NULL);
    }
}

/* nginx takes the text of these for an address. */
void respond_check(struct check *check, const struct respond_spec *respond, const char *field)
{
    int64_t status = respond->status.number;
    if ((status >= 301 && status <= 303) || status == 307 || status == 308) {
        check_add(check, DIAGNOSTIC_SITE_RESPOND_REDIRECT, respond->object.node, field, NULL, NULL);
    }
    bool has_no_body = status == 204 || status == 304 || status == 444;
    if (has_no_body && respond->body.node != NULL) {
        check_add(check, DIAGNOSTIC_SITE_RESPOND_BODY, respond->body.node,
                  field_below(check, field, "body"),
                  arena_printf(check->arena, "%lld", (long long)status), NULL);
    }
}
