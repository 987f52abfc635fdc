/* What a run has to tell: states are compared with those that were told before (STATE/notify), and
 * what is new goes to the spool, one message for each channel. Nothing here waits for anybody. */
#include "run.h"

#include <string.h>

#include "base/language.h"
#include "base/log.h"
#include "base/visible.h"
#include "core/diagnostics_report.h"
#include "core/report_line.h"
#include "core/say.h"
#include "core/state.h"
#include "model/tree_item.h"
#include "store/store.h"

enum { TOLD_MOST = 8 << 20, TOLD_MODE = 0600 };

/* An image that is put together has nobody to tell. */
static bool is_of_host(const struct run *run)
{
    return strcmp(run->options->root, "/") == 0;
}

static bool may_tell(const struct run *run)
{
    return run->options->applies && is_of_host(run);
}

static void complain(const struct error *err)
{
    log_event(LOG_LEVEL_WARNING, "somebody could not be told", "error", err->message, NULL);
}

/* --- states ---------------------------------------------------------------------------------- */

static const char *version_of(const struct run *run)
{
    return run->commit != NULL ? run->commit->id : run->source_digest;
}

/* The first mistake with its place. */
static const struct message *mistakes_message(struct run *run,
                                              const struct diagnostic_list *diagnostics)
{
    struct text out = text_make(run->arena);
    diagnostics_write_text(diagnostics, LANGUAGE_ENGLISH, false, &out);
    size_t length = strcspn(out.data, "\n");
    length += out.data[length] == '\n' ? 1 + strcspn(out.data + length + 1, "\n") : 0;
    const char *first = visible_line(run->arena, arena_strndup(run->arena, out.data, length));
    return message_chain(run->arena, message_word(run->arena, N_("the documents have errors")),
                         MESSAGE_COLON, message_quote(run->arena, first));
}

static struct notice_state state_of_run(struct run *run)
{
    const struct report *report = &run->report;
    struct notice_state state = {.thing = NOTICE_RUN, .version = version_of(run)};
    if (report->refused != NULL || report->is_refused) {
        state.state = ITEM_STATE_FAILED;
        state.detail =
            mistakes_message(run, report->refused != NULL ? report->refused : &run->diagnostics);
    } else if (report->failure != NULL || report->untested != NULL) {
        state.state = ITEM_STATE_FAILED;
        state.detail = report->failure != NULL ? report->failure : report->untested;
        state.version = NULL; /* the host's trouble: another commit has it as well */
    } else if (report->hold != NULL) {
        state.state = ITEM_STATE_HELD;
        state.detail = report->hold;
    }
    return state;
}

static void add_documents(struct run *run, struct notice_states *out)
{
    struct document_states states = {0};
    document_states_collect(&run->report, &run->documents, &states);
    for (size_t i = 0; i < states.count; i++) {
        const char *name = document_id(run->arena, states.items[i].document);
        vec_add(run->arena, out,
                (struct notice_state){.thing = name,
                                      .document = name,
                                      .state = states.items[i].state,
                                      .detail = states.items[i].detail});
    }
}

/* What is of no document: the engine's own. Files of the nginx tree have documents, which tell of
 * them. */
static void add_items(struct run *run, struct notice_states *out)
{
    for (size_t i = 0; i < run->plan.actions.count; i++) {
        const struct action *action = &run->plan.actions.items[i];
        const struct outcome *outcome = run->outcomes == NULL ? NULL : &run->outcomes[i];
        bool is_tree = strcmp(action->item->type, ITEM_TREE) == 0;
        if (action->item->document != NULL || action->owner != NULL ||
            action->item->wanted == NULL || (is_tree && !run_concerns_all(action, outcome))) {
            continue;
        }
        vec_add(run->arena, out,
                (struct notice_state){.thing = item_name(run->arena, action->item),
                                      .state = action_state(action, outcome),
                                      .detail = action_detail(run->arena, action, outcome)});
    }
}

/* By the file that people know it by. */
static void add_certificates(struct run *run, struct notice_states *out)
{
    for (size_t i = 0; i < run->report.certificates.count; i++) {
        const struct certificate_state *certificate = &run->report.certificates.items[i];
        const struct certificate_item *wanted = certificate->item->wanted;
        const struct document *document = certificate->item->document;
        vec_add(run->arena, out,
                (struct notice_state){
                    .thing = arena_printf(run->arena, "file:%s/fullchain.pem", wanted->directory),
                    .document = document == NULL ? NULL : document_id(run->arena, document),
                    .detail = certificate->because,
                    .version = certificate_alarm_word(certificate->alarm),
                    .is_expiring = certificate->alarm != RENEWAL_CALM,
                });
    }
}

/* --- changes --------------------------------------------------------------------------------- */

static bool was_told(const struct told_memory *memory, const struct drift_event *event)
{
    for (size_t i = 0; i < memory->event_count; i++) {
        if (strcmp(memory->events[i], event->name) == 0) {
            return true;
        }
    }
    return false;
}

static const struct notice_writer *writer_of(struct arena *arena, const struct drift_event *event)
{
    const struct file_writer *found = event->writer;
    bool is_known = found != NULL && found->is_known;
    if (!is_known && event->package == NULL) {
        return NULL;
    }
    struct notice_writer *writer = arena_new(arena, struct notice_writer);
    *writer = (struct notice_writer){.package = event->package};
    if (is_known) {
        writer->program = found->program;
        writer->command = found->command;
        writer->user = found->user_name;
        writer->login = found->login_user_name;
        writer->unit = found->unit;
        writer->pid = found->pid;
    }
    return writer;
}

static const struct drift_event *find_event(const struct run *run, const char *path)
{
    for (size_t i = run->drift_events.count; i > 0; i--) {
        if (strcmp(run->drift_events.items[i - 1].path, path) == 0) {
            return &run->drift_events.items[i - 1];
        }
    }
    return NULL;
}

/* What this run itself has put back; who did it is known where the loop saw it. */
static void add_repairs(struct run *run, struct notice_list *out)
{
    struct report_lines lines = {0};
    if (run->report.plan == NULL || run->outcomes == NULL) {
        return;
    }
    report_collect(&run->report, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        const struct report_line *line = &lines.items[i];
        if (!line->is_drift || line->outcome == NULL || line->outcome->result != OUTCOME_CHANGED) {
            continue;
        }
        const struct drift_event *event = find_event(run, line->id);
        vec_add(run->arena, out,
                (struct notice){.event = NOTICE_REPAIRED,
                                .thing = line->name,
                                .document = line->document == NULL
                                                ? line->owner
                                                : document_id(run->arena, line->document),
                                .at_us = event == NULL ? run->started_us : event->at_us,
                                .writer = event == NULL ? NULL : writer_of(run->arena, event)});
    }
}

static void add_events(struct run *run, const struct told_memory *memory, struct notice_list *out)
{
    static const enum notice_event events[DRIFT_ANSWER_COUNT] = {
        [DRIFT_RESTORED] = NOTICE_REPAIRED,
        [DRIFT_REPORTED] = NOTICE_DRIFTED,
        [DRIFT_FIGHT] = NOTICE_FIGHT,
        [DRIFT_FAILED] = NOTICE_FAILED,
    };
    for (size_t i = 0; i < run->drift_events.count; i++) {
        const struct drift_event *event = &run->drift_events.items[i];
        if (event->answer == DRIFT_HANDED || was_told(memory, event)) {
            continue; /* a run looked at it: add_repairs, or a state */
        }
        vec_add(run->arena, out,
                (struct notice){.event = events[event->answer],
                                .thing = arena_printf(run->arena, "file:%s", event->path),
                                .document = event->document,
                                .detail = event->because == NULL
                                              ? NULL
                                              : message_quote(run->arena, event->because),
                                .at_us = event->at_us,
                                .writer = writer_of(run->arena, event)});
    }
}

/* --- messages -------------------------------------------------------------------------------- */

void run_channels(struct run *run, struct notify_channels *out_channels)
{
    struct notify_channel status;
    settings_channels(run->settings, run->arena, out_channels);
    if (settings_status_channel(run->settings, run->host_name, run->arena, &status)) {
        vec_add(run->arena, out_channels, status);
    }
}

static const char *host_of(const struct run *run)
{
    return run->host_name == NULL || run->host_name[0] == '\0' ? "host" : run->host_name;
}

/* Of a channel: its catalogue may be another than that of whoever runs the program. */
static enum language use_language(struct run *run, enum language wanted)
{
    if (wanted == LANGUAGE_ENGLISH || wanted == run->options->language) {
        return wanted;
    }
    language_begin(CATALOGUE, language_folder(run->arena));
    if (!language_is_available(CATALOGUE, wanted)) {
        return LANGUAGE_ENGLISH;
    }
    language_use(wanted);
    return wanted;
}

bool run_write_message(struct run *run, const struct notify_channel *channel,
                       const struct notice_list *notices, uint64_t number,
                       struct notify_message *out_message)
{
    struct notify_channel chosen = *channel;
    const struct notify_origin origin = {
        .host = host_of(run),
        .commit = run->commit == NULL ? NULL : run->commit->id,
        .commit_subject = run->commit == NULL ? NULL : run->commit->subject,
        .trigger = run->options->trigger,
        .verdict = report_verdict(&run->report, LANGUAGE_ENGLISH),
        .generation = (int64_t)run->report.generation_after,
        .number = number,
    };
    chosen.language = use_language(run, channel->language);
    bool is_written =
        notify_write(run->arena, &chosen, &origin, notices, run_clock_us(), out_message);
    if (chosen.language != LANGUAGE_ENGLISH) {
        language_use(run->options->language);
    }
    return is_written;
}

static bool spool(struct run *run, const struct notice_list *notices, uint64_t number,
                  struct error *err)
{
    struct notify_channels channels = {0};
    settings_channels(run->settings, run->arena, &channels);
    for (size_t i = 0; notices->count > 0 && i < channels.count; i++) {
        struct notify_message message;
        if (run_write_message(run, &channels.items[i], notices, number, &message) &&
            !notify_spool_add(&run->host, &message, run->arena, err)) {
            return false;
        }
    }
    return true;
}

/* --- what was told --------------------------------------------------------------------------- */

/* What was told is lost with the file: then bad states are told once more. */
static void read_memory(struct run *run, struct str *out_content, struct told_memory *out_memory)
{
    *out_content = STR("");
    *out_memory = (struct told_memory){0};
    if (file_read(run->host.root, notify_path(&run->host, run->arena, "told.json"), TOLD_MOST,
                  run->arena, out_content, NULL)) {
        (void)told_read(run->arena, *out_content, out_memory); /* as above */
    }
}

static bool write_memory(struct run *run, struct str before, const struct told_memory *memory,
                         struct error *err)
{
    bool is_empty = memory->told.count == 0 && memory->event_count == 0 && memory->number == 0;
    struct str content = str_of(told_write(run->arena, memory));
    if (str_equal(content, before) || (is_empty && before.length == 0)) {
        return true;
    }
    return notify_make_directory(&run->host, run->arena, err) &&
           file_replace(run->host.root, notify_path(&run->host, run->arena, "told.json"), content,
                        TOLD_MODE, FILE_OWNER_NONE, FILE_SYNC_NOW, err);
}

static void list_events(struct run *run, struct told_memory *memory)
{
    const char **names = arena_array(run->arena, run->drift_events.count, sizeof(*names));
    for (size_t i = 0; i < run->drift_events.count; i++) {
        names[i] = run->drift_events.items[i].name;
    }
    memory->events = names;
    memory->event_count = run->drift_events.count;
}

/* What there is to decide. */
struct occasion {
    struct notice_states states;
    bool knows_all;
    bool is_settled;
    bool is_fetch;
    const struct error *why; /* a fetch failed */
};

static void list_changes(struct run *run, const struct told_memory *memory,
                         struct notice_list *out_changes, struct told_memory *out_after)
{
    add_repairs(run, out_changes);
    add_events(run, memory, out_changes);
    list_events(run, out_after);
}

/* What was told of the source says how long it has been away. */
static void add_source(struct run *run, const struct told_memory *memory, struct occasion *occasion,
                       struct told_memory *out_after)
{
    const struct error *why = occasion->why;
    const struct message *message = why == NULL ? NULL : message_of_error(run->arena, why);
    bool may_pass = why != NULL && why->code != ERROR_REFUSED;
    vec_add(run->arena, &occasion->states,
            notify_source_state(&memory->told, message, may_pass, run_clock_us()));
    out_after->events = memory->events;
    out_after->event_count = memory->event_count;
}

/* First the messages, then the memory of them: who is cut off between the two writes the same
 * messages again, under the same names. */
static bool decide_locked(struct run *run, struct occasion *occasion, struct error *err)
{
    struct str before = {0};
    struct told_memory memory;
    struct notice_list notices = {0};
    struct notice_list changes = {0};
    struct told_memory after = {0};
    read_memory(run, &before, &memory);
    if (occasion->is_fetch) {
        add_source(run, &memory, occasion, &after);
    } else if (!occasion->is_settled) {
        list_changes(run, &memory, &changes, &after);
    }
    const struct notify_input input = {.told = &memory.told,
                                       .states = &occasion->states,
                                       .changes = &changes,
                                       .knows_all = occasion->knows_all,
                                       .is_settled = occasion->is_settled,
                                       .now_us = run_clock_us()};
    notify_decide(run->arena, &input, &notices, &after.told);
    after.number = memory.number + (notices.count > 0 ? 1 : 0);
    return spool(run, &notices, after.number, err) && write_memory(run, before, &after, err);
}

static void decide(struct run *run, struct occasion *occasion)
{
    struct error err = {0};
    AUTO_FD lock = -1;
    if (!notify_memory_lock(&run->host, run->arena, &lock, &err) ||
        !decide_locked(run, occasion, &err)) {
        complain(&err);
    }
}

/* Where nothing was told nothing can end, and a run that has nothing to do writes nothing. */
static bool has_told(struct run *run)
{
    struct str content = {0};
    struct told_memory memory;
    read_memory(run, &content, &memory);
    return memory.told.count > 0;
}

/* --- states of commits ----------------------------------------------------------------------- */

static const char *status_word(const struct run *run, const struct delivery_record *delivery)
{
    switch (delivery->fate) {
    case DELIVERY_APPLIED:
    case DELIVERY_UNCHANGED:
        return "success";
    case DELIVERY_WAITING:
        return "pending";
    default:
        return run->report.failure != NULL ? "error" : "failure";
    }
}

/* A commit that asks for nothing any more because it was applied is still one that was. */
static bool was_posted(const struct run *run, const struct delivery_record *delivery,
                       const char *posted, const char *said)
{
    const char *waits = arena_printf(run->arena, "%s pending:", run->commit->id);
    const char *about = arena_printf(run->arena, "%s ", run->commit->id);
    return strcmp(posted, said) == 0 ||
           (delivery->fate == DELIVERY_UNCHANGED && text_starts_with(posted, about) &&
            !text_starts_with(posted, waits));
}

/* The same is not said again in each run: STATE/notify/posted holds what was said last. */
static void post_status(struct run *run)
{
    enum { POSTED_MOST = 64 << 10 };
    struct error err = {0};
    struct str posted = {0};
    struct notify_message message;
    if (run->settings->source.status.object.node == NULL || run->commit == NULL ||
        run->options->git_dir != NULL) {
        return;
    }
    const struct delivery_record *delivery = run_delivery_record(run);
    if (delivery == NULL) {
        return;
    }
    const char *word = status_word(run, delivery);
    notify_write_status(run->arena, run->commit->id, word, run_fate_text(run, delivery),
                        run_clock_us(), &message);
    const char *path = notify_path(&run->host, run->arena, "posted");
    const char *said =
        arena_printf(run->arena, "%s %s: %s\n", run->commit->id, word, message.subject);
    if (file_read(run->host.root, path, POSTED_MOST, run->arena, &posted, NULL) &&
        was_posted(run, delivery, posted.data, said)) {
        return;
    }
    if (!notify_spool_add(&run->host, &message, run->arena, &err) ||
        !file_replace(run->host.root, path, str_of(said), TOLD_MODE, FILE_OWNER_NONE,
                      FILE_SYNC_LATER, &err)) {
        complain(&err);
    }
}

/* --- a run ----------------------------------------------------------------------------------- */

void run_notify(struct run *run)
{
    struct occasion occasion = {.knows_all = run->report.plan != NULL && run->scope == NULL};
    if (!may_tell(run)) {
        return;
    }
    post_status(run);
    if (run->settings->notify.count == 0) {
        return;
    }
    vec_add(run->arena, &occasion.states, state_of_run(run));
    if (run->report.plan != NULL) {
        add_documents(run, &occasion.states);
        add_items(run, &occasion.states);
        add_certificates(run, &occasion.states);
    }
    decide(run, &occasion);
}

void run_notify_settled(struct run *run)
{
    struct occasion occasion = {.is_settled = true};
    if (!may_tell(run)) {
        return;
    }
    post_status(run);
    if (run->settings->notify.count > 0 && has_told(run)) {
        decide(run, &occasion);
    }
}

void run_notify_fetch(struct run *run, const struct error *why)
{
    struct occasion occasion = {.is_fetch = true, .why = why};
    if (is_of_host(run) && run->settings->notify.count > 0 && (why != NULL || has_told(run))) {
        decide(run, &occasion);
    }
}
