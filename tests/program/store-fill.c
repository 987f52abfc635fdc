/* Fills a store for the tests of the status pages, through the same call that a run makes:
 *
 *     store-fill STORE SCENE [COUNT]
 *
 * Each scene is one run more; a scene's name says what the host looks like afterwards. Times are
 * now, or as long ago as the scene says. STORE_GROUP names the group that may read the store. */

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/vec.h"
#include "store/store.h"

#define SECOND ((int64_t)1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

VEC(action_list, struct action_record);
VEC(item_list, struct item_record);
VEC(document_list, struct document_record);
VEC(certificate_list, struct certificate_record);
VEC(drift_list, struct drift_record);

struct scene_run {
    struct arena *arena;
    int64_t now;
    size_t count;
    struct run_report report;
    struct action_list actions;
    struct item_list items;
    struct document_list documents;
    struct certificate_list certificates;
    struct drift_list drifts;
    struct delivery_record delivery; /* without a version: none */
    struct source_record source;     /* without a URL: none */
};

static const char nginx_diff[] = "--- /etc/nginx/reconcile/http/sites/shop.example.com.conf\n"
                                 "+++ /etc/nginx/reconcile/http/sites/shop.example.com.conf\n"
                                 "@@ -12,7 +12,7 @@ server {\n"
                                 "     location /api {\n"
                                 "         limit_req zone=shop_api burst=20 nodelay;\n"
                                 "         proxy_pass http://shop;\n"
                                 "-        proxy_read_timeout 60s;\n"
                                 "+        proxy_read_timeout 600s;\n"
                                 "         proxy_set_header Host $host;\n"
                                 "     }\n"
                                 " \n";

static int64_t now_real(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000;
}

/* ---- The shop: what most scenes are about ---- */

static void document_add(struct scene_run *run, const char *kind, const char *name,
                         const char *place, const char *summary)
{
    vec_add(
        run->arena, &run->documents,
        (struct document_record){.kind = kind, .name = name, .place = place, .summary = summary});
}

static void item_add(struct scene_run *run, const char *type, const char *id, const char *kind,
                     const char *name)
{
    vec_add(run->arena, &run->items,
            (struct item_record){.type = type, .id = id, .kind = kind, .name = name});
}

static void shop_describe(struct scene_run *run)
{
    run->report.run.commit = "8f2d1c90a7b34e55d0c16f9a2b7e4d3c5a6f7081";
    run->report.run.commit_subject = "shop: raise the read timeout";
    run->report.run.commit_author = "Layla Haddad";
    run->report.run.commit_at = run->now - 40 * MINUTE;
    run->report.run.source = "https://git.example.com/ops/hosts.git";
    run->delivery = (struct delivery_record){.version = run->report.run.commit,
                                             .source = run->report.run.source,
                                             .commit = run->report.run.commit,
                                             .subject = run->report.run.commit_subject,
                                             .author = run->report.run.commit_author,
                                             .commit_at = run->report.run.commit_at,
                                             .generation = 8};
    run->source = (struct source_record){.url = run->report.run.source,
                                         .branch = "main",
                                         .folder = "web1",
                                         .tried_at = run->now - 20 * SECOND,
                                         .offered = run->report.run.commit,
                                         .commit = run->report.run.commit,
                                         .subject = run->report.run.commit_subject,
                                         .author = run->report.run.commit_author,
                                         .commit_at = run->report.run.commit_at,
                                         .signature = "verified"};
    document_add(run, "certificate", "wildcard", "certificates.yaml:2:3",
                 "*.example.com, internal");
    document_add(run, "service", "shop", "services/shop.yaml:2:3",
                 "/opt/shop/bin/server on port 3000");
    document_add(run, "service", "worker", "services/shop.yaml:14:3", "/opt/shop/bin/worker");
    document_add(run, "site", "shop.example.com", "sites/shop.yaml:2:3", "proxy to service:shop");
    document_add(run, "site", "static.example.com", "sites/static.yaml:2:3",
                 "files of /srv/static");
    item_add(run, "file", "/etc/systemd/system/shop.service", "service", "shop");
    item_add(run, "unit", "shop.service", "service", "shop");
    item_add(run, "user", "shop", "service", "shop");
    item_add(run, "directory", "/var/lib/shop", "service", "shop");
    item_add(run, "file", "/etc/systemd/system/worker.service", "service", "worker");
    item_add(run, "unit", "worker.service", "service", "worker");
    item_add(run, "certificate", "wildcard", "certificate", "wildcard");
    item_add(run, "file", "/etc/nginx/reconcile/http/sites/shop.example.com.conf", "site",
             "shop.example.com");
    item_add(run, "tree", "/etc/nginx/reconcile", NULL, NULL);
    vec_add(run->arena, &run->certificates,
            (struct certificate_record){.name = "wildcard",
                                        .names = "*.example.com",
                                        .issuer = "internal",
                                        .kind = "certificate",
                                        .document = "wildcard",
                                        .not_before = run->now - 20 * DAY,
                                        .not_after = run->now + 34 * DAY + HOUR,
                                        .asked_at = run->now - HOUR,
                                        .proven_at = run->now - HOUR,
                                        .served_not_after = run->now + 34 * DAY + HOUR});
    vec_add(run->arena, &run->certificates,
            (struct certificate_record){.name = "shop.example.com",
                                        .names = "shop.example.com www.shop.example.com",
                                        .issuer = "letsencrypt",
                                        .kind = "site",
                                        .document = "shop.example.com",
                                        .not_before = run->now - 86 * DAY,
                                        .not_after = run->now + 4 * DAY + HOUR,
                                        .alarm = "error",
                                        .because = "it ends at 2026-01-05 01:00:00 UTC: a sixth "
                                                   "of its lifetime or less is left",
                                        .asked_at = run->now - HOUR,
                                        .served_instead = "no certificate is shown "
                                                          "(shop.example.com, 127.0.0.1 port "
                                                          "443): Connection refused"});
}

static void trouble(struct scene_run *run, size_t document, size_t item, enum item_state state,
                    const char *detail, const char *diff)
{
    run->documents.items[document].state = state;
    run->documents.items[document].detail = detail;
    run->items.items[item].state = state;
    run->items.items[item].detail = detail;
    run->items.items[item].diff = diff;
}

static void action_done(struct scene_run *run, const char *verb, const char *cause,
                        const char *result, size_t item)
{
    const struct item_record *about = &run->items.items[item];
    vec_add(run->arena, &run->actions,
            (struct action_record){.verb = verb,
                                   .cause = cause,
                                   .result = result,
                                   .type = about->type,
                                   .id = about->id,
                                   .kind = about->kind,
                                   .name = about->name,
                                   .place = "sites/shop.yaml:7:5",
                                   .took_us = 12345});
}

/* One change for each way in which it may be known, and answered. */
static void drifts_add(struct scene_run *run)
{
    const struct drift_record edit = {.at = run->now - 30 * SECOND,
                                      .path =
                                          "/etc/nginx/reconcile/http/sites/shop.example.com.conf",
                                      .kind = "site",
                                      .name = "shop.example.com",
                                      .what = "replaced",
                                      .answer = "restored",
                                      .took_us = 1730,
                                      .program = "/usr/bin/vim.basic",
                                      .command = "vim shop.example.com.conf",
                                      .pid = 4711,
                                      .parents = "bash < sudo < bash < sshd",
                                      .user = "root",
                                      .login = "maryam",
                                      .unit = "session-12.scope",
                                      .diff = nginx_diff,
                                      .replaced = "/var/lib/reconcile/drift/17.replaced"};
    const struct drift_record unknown = {.at = run->now - 9 * MINUTE,
                                         .path = "/etc/systemd/system/shop.service",
                                         .kind = "service",
                                         .name = "shop",
                                         .what = "written",
                                         .answer = "reported",
                                         .reason = "the mode is observe",
                                         .is_cosmetic = true};
    const struct drift_record package = {.at = run->now - 3 * HOUR,
                                         .path = "/etc/nginx/conf.d/reconcile.conf",
                                         .what = "removed",
                                         .answer = "restored",
                                         .took_us = 2100,
                                         .program = "/usr/bin/dpkg",
                                         .user = "root",
                                         .package = "upgrade nginx-common 1.22.1-9"};
    const struct drift_record fight = {.at = run->now - 5 * MINUTE,
                                       .path = "/etc/systemd/system/worker.service",
                                       .kind = "service",
                                       .name = "worker",
                                       .what = "attributes",
                                       .answer = "fight",
                                       .reason =
                                           "put back 3 times within an hour; ansible writes it "
                                           "each time",
                                       .program = "/usr/bin/python3.11",
                                       .user = "deploy",
                                       .unit = "ansible.service"};
    vec_add(run->arena, &run->drifts, package);
    vec_add(run->arena, &run->drifts, unknown);
    vec_add(run->arena, &run->drifts, fight);
    vec_add(run->arena, &run->drifts, edit);
}

/* ---- Scenes ---- */

static void scene_well(struct scene_run *run)
{
    shop_describe(run);
    run->report.run.verdict = RUN_VERDICT_CHANGED;
    run->report.run.counts = (struct run_counts){.changed = 2, .unchanged = 7, .pending = 2};
    run->report.run.message = "2 changed; reload nginx, restart shop";
    action_done(run, "update", "pending", "changed", 7);
    vec_last(&run->actions)->diff = nginx_diff;
    action_done(run, "notify", "pending", "changed", 1);
    vec_last(&run->actions)->reason = "its environment file changed";
}

static void scene_quiet(struct scene_run *run)
{
    run->report.run.source = "https://git.example.com/ops/hosts.git";
    run->report.run.document_count = 5;
    run->report.run.counts.unchanged = 9;
    run->report.state = RUN_STATE_CONFIRMED;
}

static void scene_drifted(struct scene_run *run)
{
    shop_describe(run);
    drifts_add(run);
    run->report.run.mode = "observe";
    run->report.run.counts = (struct run_counts){.drifted = 1, .unchanged = 8};
    run->report.run.message = "1 drifted";
    trouble(run, 3, 7, ITEM_STATE_DRIFTED, "the content was changed", NULL);
    action_done(run, "update", "drift", "unchanged", 7);
    vec_last(&run->actions)->diff = nginx_diff;
    vec_last(&run->actions)->reason = "the mode is observe";
}

static void scene_failed(struct scene_run *run)
{
    shop_describe(run);
    drifts_add(run);
    run->delivery.fate = DELIVERY_PARTLY;
    run->delivery.stage = "probe";
    run->delivery.evidence = "site:shop.example.com: probe /healthz: it answers 502\n";
    run->report.run.verdict = RUN_VERDICT_PARTLY;
    run->report.run.exit_code = 4;
    run->report.run.counts =
        (struct run_counts){.changed = 1, .failed = 1, .skipped = 1, .unchanged = 6, .pending = 3};
    run->report.run.message = "1 changed, 1 failed, 1 skipped";
    trouble(run, 2, 5, ITEM_STATE_FAILED, "worker.service did not start: exit status 203", NULL);
    trouble(run, 3, 7, ITEM_STATE_DRIFTED, "the content was changed", nginx_diff);
    trouble(run, 4, 3, ITEM_STATE_PENDING, "waits for service:worker", NULL);
    trouble(run, 0, 6, ITEM_STATE_HELD, "needs --confirm", NULL);
    action_done(run, "create", "pending", "failed", 5);
    vec_last(&run->actions)->error = "worker.service did not start: exit status 203";
    vec_last(&run->actions)->evidence =
        "worker.service: Failed to locate executable /opt/shop/bin/worker: No such file\n"
        "worker.service: Main process exited, code=exited, status=203/EXEC\n";
    action_done(run, "update", "drift", "changed", 7);
    vec_last(&run->actions)->diff = nginx_diff;
    action_done(run, "update", "pending", "skipped", 3);
    vec_last(&run->actions)->reason = "service:worker has failed";
}

static void scene_refused(struct scene_run *run)
{
    run->report.state = RUN_STATE_KEPT;
    run->report.run.verdict = RUN_VERDICT_FAILED;
    run->report.run.exit_code = 1;
    run->report.run.source = "https://git.example.com/ops/hosts.git";
    run->report.run.message = "error[R012]: unknown field \"prox\"\n"
                              "  --> sites/shop.yaml:7:5\n"
                              "   |\n"
                              " 7 |     prox: service:shop\n"
                              "   |     ^^^^\n"
                              "   = help: did you mean \"proxy\"?\n";
    run->delivery = (struct delivery_record){.version = "b4d0c0ffee5e1f00dfeedfacecafe0123456789a",
                                             .commit = "b4d0c0ffee5e1f00dfeedfacecafe0123456789a",
                                             .subject = "shop: a proxy with a typing mistake",
                                             .author = "Ali Mansour",
                                             .commit_at = run->now - 2 * MINUTE,
                                             .fate = DELIVERY_REFUSED,
                                             .stage = "check",
                                             .evidence = run->report.run.message};
}

/* Each waits for something else. */
static void scene_waiting(struct scene_run *run)
{
    static const char *const stages[] = {"window", "manual", "mode", "rollback"};
    scene_well(run);
    run->report.run.verdict = RUN_VERDICT_SUCCESS;
    run->report.run.counts = (struct run_counts){.unchanged = 9};
    run->delivery.version = arena_printf(run->arena, "%040zu", run->count);
    run->delivery.fate = DELIVERY_WAITING;
    run->delivery.stage = stages[run->count % (sizeof(stages) / sizeof(stages[0]))];
    run->delivery.generation = 0;
    run->delivery.evidence = "a new version waits";
}

/* The repository does not answer any more. */
static void scene_unreachable(struct scene_run *run)
{
    scene_well(run);
    run->source.tried_at = run->now;
    run->source.error = "connect to git.example.com: Connection refused";
    run->source.offered = NULL;
}

/* COUNT edits of one file. */
static void scene_edits(struct scene_run *run)
{
    scene_well(run);
    drifts_add(run);
    const struct drift_record edit = *vec_last(&run->drifts);
    run->drifts.count = 0;
    for (size_t i = 0; i < run->count; i++) {
        vec_add(run->arena, &run->drifts, edit);
    }
}

/* Proven long enough ago that nobody should believe it. */
static void scene_stale(struct scene_run *run)
{
    scene_well(run);
    run->report.run.started_at = run->now - 3 * DAY;
    run->report.run.ended_at = run->now - 3 * DAY + 2 * SECOND;
}

/* Everything that people write or programs say is an attack on the page. */
static void scene_hostile(struct scene_run *run)
{
    static const char attack[] = "\"><script>alert(1)</script>&<img src=x onerror=alert(2)>"
                                 "' \xe2\x80\xae \xff\x01 {0} %s ${x}";
    struct run_record *record = &run->report.run;
    record->host = record->source = record->commit = record->commit_subject = attack;
    record->commit_author = record->trigger = record->mode = record->environment = attack;
    record->message = record->version = record->desired_digest = attack;
    record->verdict = RUN_VERDICT_PARTLY;
    record->counts = (struct run_counts){.failed = 1, .changed = 1};
    document_add(run, attack, attack, attack, attack);
    run->documents.items[0].description = run->documents.items[0].detail = attack;
    run->documents.items[0].state = ITEM_STATE_FAILED;
    item_add(run, attack, attack, attack, attack);
    trouble(run, 0, 0, ITEM_STATE_FAILED, attack, attack);
    vec_add(run->arena, &run->actions,
            (struct action_record){.verb = attack,
                                   .cause = attack,
                                   .result = attack,
                                   .type = attack,
                                   .id = attack,
                                   .kind = attack,
                                   .name = attack,
                                   .place = attack,
                                   .diff = attack,
                                   .reason = attack,
                                   .error = attack,
                                   .evidence = attack});
    vec_add(run->arena, &run->certificates,
            (struct certificate_record){
                .name = attack, .names = attack, .issuer = attack, .not_after = run->now + DAY});
    vec_add(run->arena, &run->drifts,
            (struct drift_record){.at = run->now,
                                  .path = attack,
                                  .kind = attack,
                                  .name = attack,
                                  .what = attack,
                                  .answer = attack,
                                  .reason = attack,
                                  .program = attack,
                                  .command = attack,
                                  .pid = 1,
                                  .parents = attack,
                                  .user = attack,
                                  .login = attack,
                                  .unit = attack,
                                  .package = attack,
                                  .diff = attack,
                                  .replaced = attack});
    run->delivery = (struct delivery_record){.version = attack,
                                             .source = attack,
                                             .commit = attack,
                                             .subject = attack,
                                             .author = attack,
                                             .fate = DELIVERY_REFUSED,
                                             .stage = attack,
                                             .evidence = attack};
    run->source = (struct source_record){.url = attack,
                                         .branch = attack,
                                         .folder = attack,
                                         .tried_at = run->now,
                                         .error = attack,
                                         .offered = "another",
                                         .commit = attack,
                                         .subject = attack,
                                         .author = attack,
                                         .signature = attack};
}

/* COUNT sites and as many services, four items each; every hundredth has drifted. */
static void scene_many(struct scene_run *run)
{
    run->report.run.verdict = RUN_VERDICT_CHANGED;
    for (size_t i = 0; i < run->count; i++) {
        const char *kind = i % 2 == 0 ? "site" : "service";
        const char *name = arena_printf(run->arena, "%s%05zu.example.com", kind, i);
        document_add(run, kind, name, arena_printf(run->arena, "%s/%zu.yaml:2:3", kind, i),
                     "one of very many");
        bool has_drifted = i % 100 == 7;
        for (size_t k = 0; k < 4; k++) {
            item_add(run, "file", arena_printf(run->arena, "/etc/many/%s/%zu", name, k), kind,
                     name);
            if (has_drifted) {
                trouble(run, i, i * 4 + k, ITEM_STATE_DRIFTED, "the content was changed",
                        nginx_diff);
            }
        }
        action_done(run, "create", "pending", "changed", i * 4);
        vec_last(&run->actions)->diff = nginx_diff;
    }
}

static const struct scene {
    const char *name;
    void (*play)(struct scene_run *run);
} scenes[] = {
    {"well", scene_well},       {"quiet", scene_quiet},
    {"drifted", scene_drifted}, {"failed", scene_failed},
    {"refused", scene_refused}, {"stale", scene_stale},
    {"hostile", scene_hostile}, {"many", scene_many},
    {"waiting", scene_waiting}, {"unreachable", scene_unreachable},
    {"edits", scene_edits},
};

static bool scene_record(struct store *store, const struct scene *scene, size_t count, int64_t ago,
                         struct error *err)
{
    AUTO_ARENA arena = arena_create();
    struct scene_run run = {.arena = arena, .now = now_real() - ago, .count = count};
    run.report.state = RUN_STATE_REPLACED;
    run.report.run = (struct run_record){
        .started_at = run.now - 2 * SECOND,
        .ended_at = run.now,
        .trigger = "command line",
        .mode = "enforce",
        .version = RECONCILE_VERSION,
        .host = "web1.example.com",
        .source = "/srv/hosts/web1",
        .desired_digest = "c0ffee",
        .generation_before = 7,
        .generation_after = 8,
    };
    scene->play(&run);
    run.report.actions = run.actions.items;
    run.report.action_count = run.actions.count;
    run.report.items = run.items.items;
    run.report.item_count = run.items.count;
    run.report.documents = run.documents.items;
    run.report.document_count = run.documents.count;
    run.report.certificates = run.certificates.items;
    run.report.certificate_count = run.certificates.count;
    run.report.drifts = run.drifts.items;
    run.report.drift_count = run.drifts.count;
    run.report.delivery = run.delivery.version == NULL ? NULL : &run.delivery;
    if (run.documents.count > 0) {
        run.report.run.document_count = (int64_t)run.documents.count;
    }
    return store_record_run(store, &run.report, NULL, err) &&
           (run.source.url == NULL || store_record_source(store, &run.source, err));
}

static const struct scene *scene_find(const char *name)
{
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        if (strcmp(scenes[i].name, name) == 0) {
            return &scenes[i];
        }
    }
    return NULL;
}

/* A day of a host: quiet runs with the scenes "well", "failed" and "refused" among them. */
static bool day_record(struct store *store, struct error *err)
{
    for (int64_t ago = 20 * HOUR; ago > HOUR; ago -= 20 * MINUTE) {
        const char *name = ago == 20 * HOUR ? "well" : "quiet";
        if (ago == 12 * HOUR || ago == 5 * HOUR) {
            name = ago == 12 * HOUR ? "failed" : "refused";
        } else if (ago == 11 * HOUR || ago == 4 * HOUR) {
            name = "well";
        } else if (ago < 12 * HOUR && ago > 11 * HOUR) {
            continue;
        }
        if (!scene_record(store, scene_find(name), 0, ago, err)) {
            return false;
        }
    }
    return true;
}

static gid_t group_of_environment(void)
{
    const char *name = getenv("STORE_GROUP");
    const struct group *group = name != NULL ? getgrnam(name) : NULL;
    return group != NULL ? group->gr_gid : (gid_t)-1;
}

int main(int argc, char **argv)
{
    struct error err;
    struct store *store = NULL;
    const struct scene *scene = argc > 2 ? scene_find(argv[2]) : NULL;
    size_t count = argc > 3 ? (size_t)strtoul(argv[3], NULL, 10) : 0;
    bool is_day = argc > 2 && strcmp(argv[2], "day") == 0;
    if (scene == NULL && !is_day) {
        (void)fputs("usage: store-fill STORE SCENE [COUNT]\n", stderr);
        return EXIT_FAILURE;
    }
    bool is_recorded =
        store_open(argv[1], group_of_environment(), &store, &err) &&
        (is_day ? day_record(store, &err) : scene_record(store, scene, count, 0, &err));
    store_close(store);
    if (!is_recorded) {
        (void)fprintf(stderr, "%s\n", err.message);
    }
    return is_recorded ? EXIT_SUCCESS : EXIT_FAILURE;
}
