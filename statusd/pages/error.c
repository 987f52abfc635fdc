/* A page for what is not there, or did not work. It asks nothing of the store. */

#include "statusd/pages/pages.h"
#include "statusd/pages/parts.h"

static const struct explanation {
    unsigned status;
    const char *title;
    const char *text;
} explanations[] = {
    {403, MARK("This is not allowed"),
     MARK("The settings of the host do not let these pages ask for it, or the form is too old: "
          "load the page again.")},
    {409, MARK("The loop refuses"),
     MARK("Nothing was changed. A suspension needs a reason and an end.")},
    {404, MARK("Not found"),
     MARK("There is nothing at this address. It may have been removed, "
          "or the run is older than the history that is kept.")},
    {503, MARK("The store does not answer"),
     MARK("The record of runs could not be read. The host itself is not touched by this.")},
    {0, MARK("This request cannot be answered"),
     MARK("The address or the method is not one of "
          "this program.")},
};

static const struct explanation no_loop = {
    503, MARK("The loop does not answer"),
    MARK("Is reconcile watch running? Nothing was changed.")};

static const struct explanation *explanation_of(unsigned status)
{
    const struct explanation *explanation = explanations;
    while (explanation->status != status && explanation->status != 0) {
        explanation++;
    }
    return explanation;
}

static void explain(struct request *request, const struct explanation *explanation, unsigned status,
                    const char *detail, struct response *out_response)
{
    struct request blank = *request;
    blank.reader = NULL;
    struct page page;
    struct error err;
    bool has_begun = page_begin(&page, &blank, tr(explanation->title), NULL, &err);
    (void)has_begun; /* without a reader nothing can fail */
    html_put(&page.html, "<h1>%s</h1>\n<p>%s</p>\n", tr(explanation->title), tr(explanation->text));
    output_write(&page.html, tr("What it said"), detail);
    html_put(&page.html, "<p><a href=\"/\">%s</a></p>\n", tr("Overview"));
    page_end(&page, out_response);
    out_response->status = status;
}

void refusal_page(struct request *request, unsigned status, const char *detail,
                  struct response *out_response)
{
    explain(request, status == 503 ? &no_loop : explanation_of(status), status, detail,
            out_response);
}

void error_page(struct request *request, unsigned status, struct response *out_response)
{
    explain(request, explanation_of(status), status, NULL, out_response);
}
