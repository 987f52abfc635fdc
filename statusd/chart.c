/* The strip of the last hours or days. */

#include "statusd/chart.h"

#include "statusd/moment.h"
#include "statusd/pages/parts.h"

enum { SLOT_WIDTH = 10, SLOT_GAP = 2, HEIGHT = 40, LOW = 6 };

/* The worst of the slot's runs; RUN_VERDICT_COUNT when it has none. */
static enum run_verdict slot_verdict(const struct history_slot *slot)
{
    for (int i = RUN_VERDICT_COUNT - 1; i >= 0; i--) {
        if (slot->of[i] > 0) {
            return (enum run_verdict)i;
        }
    }
    return RUN_VERDICT_COUNT;
}

/* What the slot looks like: runs that did well may still have left something out of sync. */
static const char *slot_class(const struct history_slot *slot)
{
    static const char *const classes[RUN_VERDICT_COUNT + 1] = {
        [RUN_VERDICT_SUCCESS] = "well",  [RUN_VERDICT_CHANGED] = "changed",
        [RUN_VERDICT_PARTLY] = "partly", [RUN_VERDICT_FAILED] = "bad",
        [RUN_VERDICT_COUNT] = "",
    };
    enum run_verdict verdict = slot_verdict(slot);
    if (slot->unsettled > 0 && verdict < RUN_VERDICT_PARTLY) {
        return "unsettled";
    }
    return classes[verdict];
}

static void slot_draw(struct html *html, size_t index, int height, const char *class)
{
    html_put(
        html, "<rect x=\"%zu\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"1.5\" class=\"%s\"/>\n",
        index * SLOT_WIDTH + SLOT_GAP / 2, HEIGHT - height, SLOT_WIDTH - SLOT_GAP, height, class);
}

static void strip_draw(struct html *html, const struct history_chart *chart)
{
    const char *last = "none";
    int64_t last_at = 0;
    for (size_t i = 0; i < chart->count; i++) {
        const struct history_slot *slot = &chart->slots[i];
        if (slot->runs > 0) {
            last = slot_class(slot);
            last_at = slot->starts_at;
            slot_draw(html, i, HEIGHT, last);
        } else if (last_at != 0 && slot->starts_at - last_at < chart->stale_after) {
            slot_draw(html, i, LOW, last);
        } else {
            slot_draw(html, i, LOW / 2, "none");
        }
    }
}

static void table_row(const struct request *request, struct html *html,
                      const struct history_slot *slot)
{
    html_put(html, "<tr><th scope=\"row\"><time datetime=\"%s\" dir=\"ltr\">%s</time></th>",
             moment_iso(request->arena, slot->starts_at),
             moment_short(request->arena, slot->starts_at));
    for (size_t i = 0; i < RUN_VERDICT_COUNT; i++) {
        html_put(html, "<td class=\"count\">%lld</td>", (long long)slot->of[i]);
    }
    html_put(html, "<td class=\"count\">%lld</td></tr>\n", (long long)slot->unsettled);
}

static void table_write(const struct request *request, struct html *html,
                        const struct history_chart *chart)
{
    html_put(html,
             "<details id=\"history-table\"><summary>%s</summary>\n"
             "<table class=\"history\"><thead><tr><th scope=\"col\">%s</th>",
             tr("The same as a table"), tr("From"));
    for (size_t i = 0; i < RUN_VERDICT_COUNT; i++) {
        html_put(html, "<th scope=\"col\">%s</th>", run_verdict_name((enum run_verdict)i));
    }
    html_put(html, "<th scope=\"col\">%s</th></tr></thead><tbody>\n", tr("out of sync"));
    for (size_t i = chart->count; i > 0; i--) {
        if (chart->slots[i - 1].runs > 0) {
            table_row(request, html, &chart->slots[i - 1]);
        }
    }
    html_put(html, "</tbody></table></details>\n");
}

void chart_history(const struct request *request, struct html *html,
                   const struct history_chart *chart)
{
    html_put(html,
             "<figure class=\"strip\" dir=\"ltr\">"
             "<svg viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" role=\"img\" "
             "aria-label=\"%s\">\n",
             chart->count * SLOT_WIDTH, HEIGHT, chart->label);
    strip_draw(html, chart);
    html_put(html, "</svg>\n<figcaption><span>%s</span><span>%s</span></figcaption></figure>\n",
             moment_short(request->arena, chart->slots[0].starts_at), tr("now"));
    table_write(request, html, chart);
}
