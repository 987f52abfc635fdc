/* A host's file is changed as an admin would change it; what the documents become must say so. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "core/accept.h"
#include "core/accept_render.h"
#include "model/facts.h"
#include "model/layout.h"

enum { FILES_MOST = 4, EDITS_MOST = 4 };

struct written {
    const char *name;
    size_t layer;
    const char *text;
    const char *after; /* NULL: as it was */
};

struct host_edit {
    const char *path;
    const char *from; /* each place of it */
    const char *to;
};

struct accept_case {
    struct written files[FILES_MOST];
    struct host_edit edits[EDITS_MOST];
    size_t left;         /* differences that stay */
    const char *because; /* a part of the first one's reason */
    bool is_respelled;
};

static const char *replace(struct arena *arena, struct str content, const struct host_edit *edit)
{
    struct text out = text_make(arena);
    const char *at = content.data;
    const char *found = strstr(at, edit->from);
    if (found == NULL) {
        fail_msg("%s does not have: %s\n%s", edit->path, edit->from, content.data);
        return "";
    }
    for (; found != NULL; found = strstr(at, edit->from)) {
        text_add_str(&out, (struct str){at, (size_t)(found - at)});
        text_add(&out, edit->to);
        at = found + strlen(edit->from);
    }
    text_add(&out, at);
    return out.data;
}

static void list_sources(struct arena *arena, const struct accept_case *c,
                         struct decode_sources *out)
{
    for (size_t i = 0; i < FILES_MOST && c->files[i].text != NULL; i++) {
        const struct source *source =
            source_make(arena, c->files[i].name, str_of(c->files[i].text));
        vec_add(arena, out, (struct decode_source){.source = source, .layer = c->files[i].layer});
    }
}

static struct accept_file *find_file(struct arena *arena, struct accept_files *files,
                                     const struct accept_texts *texts, const char *path)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->items[i].path, path) == 0) {
            return &files->items[i];
        }
    }
    const struct accept_text *text = accept_text_find(texts, path);
    if (text == NULL) {
        fail_msg("nobody wants %s", path);
        return NULL;
    }
    vec_add(arena, files,
            (struct accept_file){path, text->document, text->text.content, text->text.content});
    return vec_last(files);
}

/* What the search makes of the case; the texts that it is for are checked too. */
static void run_case(struct arena *arena, const struct accept_case *c, struct accept_result *out)
{
    const struct facts facts = facts_debian12();
    struct layout layout = layout_debian12();
    const struct accept_setting setting = {.facts = &facts, .layout = &layout};
    struct decode_sources sources = {0};
    struct document_set documents;
    struct accept_texts texts;
    struct accept_files files = {0};
    layout.allows_raw = true;
    list_sources(arena, c, &sources);
    assert_true(accept_render(&setting, arena, &sources, &documents, &texts));
    for (size_t i = 0; i < EDITS_MOST && c->edits[i].path != NULL; i++) {
        struct accept_file *file = find_file(arena, &files, &texts, c->edits[i].path);
        file->host = str_of(replace(arena, file->host, &c->edits[i]));
    }
    const struct accept_input input = {.arena = arena,
                                       .facts = &facts,
                                       .layout = &layout,
                                       .sources = &sources,
                                       .documents = &documents,
                                       .files = &files};
    accept_search(&input, out);
    assert_int_equal(out->sources.count, sources.count);
    assert_true(accept_render(&setting, arena, &out->sources, &documents, &texts));
    for (size_t i = 0; i < files.count && out->left.count == 0 && !c->is_respelled; i++) {
        assert_string_equal(accept_text_find(&texts, files.items[i].path)->text.content.data,
                            files.items[i].host.data);
    }
}

static void check_files(const struct accept_case *c, size_t number,
                        const struct accept_result *result)
{
    for (size_t i = 0; i < FILES_MOST && c->files[i].text != NULL; i++) {
        const char *after = c->files[i].after == NULL ? c->files[i].text : c->files[i].after;
        const char *found = result->sources.items[i].source->content.data;
        if (strcmp(found, after) != 0) {
            fail_msg("case %zu: %s is\n%s%s", number, c->files[i].name, found,
                     result->left.count == 0 ? "" : result->left.items[0].because->text);
        }
    }
}

static void check(const struct accept_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        AUTO_ARENA arena = arena_create();
        const struct accept_case *c = &cases[i];
        struct accept_result result;
        run_case(arena, c, &result);
        check_files(c, i, &result);
        const struct accept_left *first = result.left.count == 0 ? NULL : &result.left.items[0];
        if (result.left.count != c->left) {
            fail_msg("case %zu: %zu left: %s", i, result.left.count,
                     first == NULL ? "" : first->because->text);
        }
        assert_int_equal(result.respelled.count > 0, c->is_respelled);
        if (c->because != NULL && first != NULL &&
            strstr(first->because->text, c->because) == NULL) {
            fail_msg("case %zu: %s", i, first->because->text);
        }
    }
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))
#define SITE         "/etc/nginx/reconcile/http/sites/a.example.com.conf"
#define UNIT         "/etc/systemd/system/shop.service"
#define ENVIRONMENT  "/etc/reconcile/environment/shop.env"
#define IN_SITE      "sites:\n  a.example.com:\n"
#define IN_SERVICE   "services:\n  shop:\n"

static void test_accept_nginx_values_are_set_where_they_are_written(void **state)
{
    static const struct accept_case cases[] = {
        {.files = {{"a.yaml", 0,
                    IN_SITE "    proxy: 127.0.0.1:3000 # the shop\n    body_max: 16m\n",
                    IN_SITE "    proxy: 127.0.0.1:3000 # the shop\n    body_max: 20m\n"}},
         .edits = {{SITE, "client_max_body_size 16m", "client_max_body_size 20m"}}},
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: 127.0.0.1:3000 # the shop\n",
                    IN_SITE "    proxy: 127.0.0.1:4000 # the shop\n"}},
         .edits = {{SITE, "127.0.0.1:3000", "127.0.0.1:4000"}}},
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: '127.0.0.1:3000'\n    timeout: 1m\n",
                    IN_SITE "    proxy: '127.0.0.1:3000'\n    timeout: 2m\n"}},
         .edits = {{SITE, "60s", "120s"}}},
        {.files = {{"a.yaml", 0,
                    IN_SITE "    redirect: { to: https://b.example.com, status: 301 }\n",
                    IN_SITE "    redirect: { to: https://c.example.com, status: 301 }\n"}},
         .edits = {{SITE, "https://b.example.com", "https://c.example.com"}}},
        {.files = {{"a.yaml", 0, IN_SITE "    respond: { status: 200, body: \"Welcome\\n\" }\n",
                    IN_SITE "    respond: { status: 200, body: \"Closed\\n\" }\n"}},
         .edits = {{SITE, "Welcome", "Closed"}}},
    };
    CHECK(cases);
}

static void test_accept_nginx_defaults_become_fields(void **state)
{
    static const struct accept_case cases[] = {
        {.files = {{"a.yaml", 0,
                    "sites:\n    a.example.com:\n        proxy: 127.0.0.1:3000\n\n# end\n",
                    "sites:\n    a.example.com:\n        proxy: 127.0.0.1:3000\n"
                    "        body_max: 100m\n\n# end\n"}},
         .edits = {{SITE, "client_max_body_size 16m", "client_max_body_size 100m"}}},
        {.files = {{"a.yaml", 0, "sites:\r\n  a.example.com: { proxy: 127.0.0.1:3000 }\r\n",
                    "sites:\r\n  a.example.com: { proxy: 127.0.0.1:3000, body_max: 100m }\r\n"}},
         .edits = {{SITE, "client_max_body_size 16m", "client_max_body_size 100m"}}},
        {.files = {{"a.yaml", 0,
                    IN_SITE "    proxy: 127.0.0.1:3000\n    paths:\n      /api:\n"
                            "        buffering: false\n",
                    IN_SITE "    proxy: 127.0.0.1:3000\n    paths:\n      /api:\n"
                            "        buffering: false\n        body_max: 1g\n"}},
         .edits = {{SITE, "        proxy_buffering off;",
                    "        client_max_body_size 1g;\n        proxy_buffering off;"}},
         .is_respelled = true},
    };
    CHECK(cases);
}

static void test_accept_lists_and_rates(void **state)
{
    static const struct accept_case cases[] = {
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: 127.0.0.1:3000\n    allow: 10.0.0.0/8\n",
                    IN_SITE "    proxy: 127.0.0.1:3000\n    allow: [10.0.0.0/8, 192.0.2.7]\n"}},
         .edits = {{SITE, "allow 10.0.0.0/8;", "allow 10.0.0.0/8;\n    allow 192.0.2.7;"}}},
        {.files = {{"a.yaml", 0,
                    IN_SITE "    proxy: 127.0.0.1:3000\n    allow:\n      - 10.0.0.0/8\n"
                            "      - 192.0.2.7 # Kim\n",
                    IN_SITE "    proxy: 127.0.0.1:3000\n    allow:\n      - 192.0.2.7 # Kim\n"}},
         .edits = {{SITE, "    allow 10.0.0.0/8;\n", ""}}},
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: 127.0.0.1:3000\n",
                    IN_SITE "    proxy: 127.0.0.1:3000\n    deny: 192.0.2.7\n"}},
         .edits = {{SITE, "    gzip on;", "    deny 192.0.2.7;\n    gzip on;"}},
         .is_respelled = true},
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: 127.0.0.1:3000\n    deny: 192.0.2.7\n", NULL}},
         .edits = {{SITE, "    deny 192.0.2.7;", "    allow 192.0.2.8;\n    deny 192.0.2.7;"}},
         .left = 1},
        {.files = {{"a.yaml", 0,
                    IN_SITE "    proxy: 127.0.0.1:3000\n"
                            "    headers: { Content-Security-Policy: default-src 'self' }\n",
                    IN_SITE "    proxy: 127.0.0.1:3000\n"
                            "    headers: { Content-Security-Policy: default-src 'none' }\n"}},
         .edits = {{SITE, "default-src 'self'", "default-src 'none'"}},
         .is_respelled = true},
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: 127.0.0.1:3000\n    rate_limit: 10/s\n",
                    IN_SITE "    proxy: 127.0.0.1:3000\n    rate_limit: 30/s\n"}},
         .edits = {{SITE, "rate=10r/s", "rate=30r/s"}, {SITE, "burst=20", "burst=60"}}},
        {.files = {{"a.yaml", 0,
                    IN_SITE "    proxy: 127.0.0.1:3000\n    rate_limit:\n"
                            "      /login: 5/m # slow\n",
                    IN_SITE "    proxy: 127.0.0.1:3000\n    rate_limit:\n"
                            "      /login: { rate: 9/m, burst: 10 } # slow\n"}},
         .edits = {{SITE, "rate=5r/m", "rate=9r/m"}}},
        {.files = {{"a.yaml", 0,
                    IN_SITE "    proxy: 127.0.0.1:3000\n    headers: { X-Team: a b }\n",
                    IN_SITE "    proxy: 127.0.0.1:3000\n    headers: { X-Team: blue }\n"}},
         .edits = {{SITE, "X-Team \"a b\"", "X-Team blue"}}},
    };
    CHECK(cases);
}

static void test_accept_units_and_environment(void **state)
{
    static const struct accept_case cases[] = {
        {.files = {{"s.yaml", 0,
                    IN_SERVICE "    run: /opt/shop --port 3000 --workers 2\n"
                               "    memory: 512m\n",
                    IN_SERVICE "    run: /opt/shop --port 3000 --workers 4\n    memory: 512m\n"}},
         .edits = {{UNIT, "--workers 2", "--workers 4"}}},
        {.files = {{"s.yaml", 0, IN_SERVICE "    run: [/opt/shop, --workers, \"2\"]\n",
                    IN_SERVICE "    run: [/opt/shop, --workers, \"4\"]\n"}},
         .edits = {{UNIT, "--workers 2", "--workers 4"}}},
        {.files = {{"s.yaml", 0, IN_SERVICE "    run: /opt/shop # x\n",
                    IN_SERVICE "    run: /opt/shop --verbose # x\n"}},
         .edits = {{UNIT, "ExecStart=/opt/shop", "ExecStart=/opt/shop --verbose"}}},
        {.files = {{"s.yaml", 0, IN_SERVICE "    run: /opt/shop\n    memory: 512m\n",
                    IN_SERVICE "    run: /opt/shop\n    memory: 1g\n"}},
         .edits = {{UNIT, "MemoryMax=536870912", "MemoryMax=1G"}},
         .is_respelled = true},
        {.files = {{"s.yaml", 0, IN_SERVICE "    run: /opt/shop\n    memory: 512m\n",
                    IN_SERVICE "    run: /opt/shop\n    memory: { max: 512m, high: 256m }\n"}},
         .edits = {{UNIT, "MemoryMax=", "MemoryHigh=268435456\nMemoryMax="}}},
        {.files = {{"s.yaml", 0, IN_SERVICE "    run: /opt/shop\n",
                    IN_SERVICE "    run: /opt/shop\n    memory: 1g\n"}},
         .edits = {{UNIT, "UMask=0077", "UMask=0077\nMemoryMax=1073741824"}}},
        {.files = {{"s.yaml", 0, IN_SERVICE "    run: /opt/shop\n",
                    IN_SERVICE "    run: /opt/shop\n    umask: \"0027\"\n"}},
         .edits = {{UNIT, "UMask=0077", "UMask=0027"}}},
        {.files = {{"s.yaml", 0, IN_SERVICE "    run: /opt/shop\n    restart: { delay: 5s }\n",
                    IN_SERVICE "    run: /opt/shop\n"
                               "    restart: { delay: 5s, policy: on-failure }\n"}},
         .edits = {{UNIT, "Restart=always", "Restart=on-failure"}}},
        {.files = {{"s.yaml", 0, IN_SERVICE "    run: /opt/shop\n    tasks: 100\n    files: 1024\n",
                    IN_SERVICE "    run: /opt/shop\n    files: 1024\n"}},
         .edits = {{UNIT, "TasksMax=100\n", ""}}},
        {.files = {{"s.yaml", 0,
                    IN_SERVICE "    run: /opt/shop\n    env:\n      LEVEL: info # why\n",
                    IN_SERVICE "    run: /opt/shop\n    env:\n      LEVEL: debug # why\n"
                               "      TZ: UTC\n"}},
         .edits = {{ENVIRONMENT, "LEVEL=\"info\"\n", "LEVEL=\"debug\"\nTZ=\"UTC\"\n"}}},
    };
    CHECK(cases);
}

static void test_accept_goes_to_the_layer_that_sets_the_value(void **state)
{
    static const struct accept_case cases[] = {
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: 127.0.0.1:3000\n    body_max: 16m\n", NULL},
                   {"environments/p/a.yaml", 1, IN_SITE "    body_max: 32m # production\n",
                    IN_SITE "    body_max: 64m # production\n"}},
         .edits = {{SITE, "client_max_body_size 32m", "client_max_body_size 64m"}}},
        {.files = {{"a.yaml", 0,
                    "defaults:\n  sites: { body_max: 32m }\n" IN_SITE "    proxy: 127.0.0.1:3000\n",
                    "defaults:\n  sites: { body_max: 32m }\n" IN_SITE
                    "    proxy: 127.0.0.1:3000\n    body_max: 64m\n"}},
         .edits = {{SITE, "client_max_body_size 32m", "client_max_body_size 64m"}}},
        {.files = {{"a.yaml", 0,
                    "profiles:\n  big: { body_max: 32m }\n" IN_SITE
                    "    use: big\n    proxy: 127.0.0.1:3000\n",
                    "profiles:\n  big: { body_max: 32m }\n" IN_SITE
                    "    use: big\n    proxy: 127.0.0.1:3000\n    body_max: 64m\n"}},
         .edits = {{SITE, "client_max_body_size 32m", "client_max_body_size 64m"}}},
        {.files = {{"s.yaml", 0,
                    IN_SERVICE "    preset: gunicorn\n    run: /usr/bin/gunicorn a:b\n",
                    IN_SERVICE "    preset: gunicorn\n    run: /usr/bin/gunicorn a:b\n"
                               "    stop_timeout: 50s\n"}},
         .edits = {{UNIT, "TimeoutStopSec=35s", "TimeoutStopSec=50s"}}},
    };
    CHECK(cases);
}

static void test_accept_leaves_what_no_field_says(void **state)
{
    static const struct accept_case cases[] = {
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: 127.0.0.1:3000\n", NULL}},
         .edits = {{SITE, "proxy_read_timeout 60s", "proxy_read_timeout 120s"}},
         .left = 1,
         .because = "timeout: 2m would say it, but also changes"},
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: 127.0.0.1:3000\n", NULL}},
         .edits = {{SITE, "gzip_vary on", "gzip_vary off"}},
         .left = 1,
         .because = "no field"},
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: 127.0.0.1:3000\n", NULL}},
         .edits = {{SITE, "gzip_vary on;", "gzip_vary on; # a comment"}},
         .left = 1,
         .because = "only comments"},
        {.files = {{"a.yaml", 0, IN_SITE "    proxy: 127.0.0.1:3000\n",
                    IN_SITE "    proxy: 127.0.0.1:3000\n    body_max: 1m\n"}},
         .edits = {{SITE, "client_max_body_size 16m", "client_max_body_size 1m"},
                   {SITE, "gzip_vary on;", "gzip_vary off;"}},
         .left = 1,
         .because = "no field"},
        {.files = {{"s.yaml", 0, IN_SERVICE "    run: /opt/shop\n", NULL}},
         .edits = {{UNIT, "[Install]", "[Broken\n[Install]"}},
         .left = 1,
         .because = "cannot be read"},
    };
    CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_nginx_values_are_set_where_they_are_written),
        cmocka_unit_test(test_accept_nginx_defaults_become_fields),
        cmocka_unit_test(test_accept_lists_and_rates),
        cmocka_unit_test(test_accept_units_and_environment),
        cmocka_unit_test(test_accept_goes_to_the_layer_that_sets_the_value),
        cmocka_unit_test(test_accept_leaves_what_no_field_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
