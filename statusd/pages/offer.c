/* Buttons: what the loop may be asked for from a page, where the host's settings let it. Without a
 * script, and outside of what is renewed, so that nothing half-typed is lost. */

#include "statusd/pages/parts.h"

static void form_begin(struct page *page, const char *action, const char *class)
{
    html_put(&page->html,
             "<form class=\"%s\" method=\"post\" action=\"/actions/%s\">\n"
             "<input type=\"hidden\" name=\"token\" value=\"%s\">\n",
             class, action, page->request->offer.token);
}

static void form_about(struct page *page, const struct document_record *document)
{
    html_put(&page->html,
             "<input type=\"hidden\" name=\"kind\" value=\"%s\">\n"
             "<input type=\"hidden\" name=\"name\" value=\"%s\">\n",
             document->kind, document->name);
}

void offer_done_write(struct page *page)
{
    static const struct {
        const char *done;
        const char *text;
    } texts[] = {
        {"check", MARK("The loop looks at the host now. This page follows.")},
        {"suspend", MARK("It is left alone from the next run on. This page follows.")},
        {"resume", MARK("It is taken up again by the next run. This page follows.")},
    };
    const char *done = request_parameter(page->request, "done");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (text_equal(done, texts[i].done)) {
            html_put(&page->html, "<p class=\"done\" role=\"status\">%s</p>\n", tr(texts[i].text));
        }
    }
}

void offer_check_write(struct page *page)
{
    if (page->request->offer.check && page->request->offer.token[0] != '\0') {
        form_begin(page, "check", "ask");
        html_put(&page->html, "<button>%s</button>\n</form>\n", tr("Check now"));
    }
}

static void suspend_form(struct page *page, const struct document_record *document)
{
    static const struct {
        const char *value;
        const char *name;
    } ends[] = {
        {"1h", MARK("for one hour")},
        {"8h", MARK("for eight hours")},
        {"1d", MARK("for one day")},
        {"7d", MARK("for one week")},
    };
    struct html *html = &page->html;
    html_put(html, "<details id=\"suspend\"><summary>%s</summary>\n",
             tr("Leave it alone for a while"));
    form_begin(page, "suspend", "filter");
    form_about(page, document);
    html_put(html,
             "<label>%s <input name=\"why\" required maxlength=\"200\" dir=\"auto\"></label>\n"
             "<label>%s <select name=\"until\">",
             tr("Reason"), tr("How long"));
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        option_write(html, ends[i].value, tr(ends[i].name), i == 0);
    }
    html_put(html, "</select></label>\n<button>%s</button>\n</form>\n</details>\n", tr("Suspend"));
}

void offer_document_write(struct page *page, const struct document_record *document)
{
    const struct offer *offer = &page->request->offer;
    if (offer->token[0] == '\0') {
        return;
    }
    if (document->state == ITEM_STATE_SUSPENDED && offer->resume) {
        form_begin(page, "resume", "ask");
        form_about(page, document);
        html_put(&page->html, "<button>%s</button>\n</form>\n", tr("Take it up again"));
    } else if (document->state != ITEM_STATE_SUSPENDED && offer->suspend) {
        suspend_form(page, document);
    }
}
