/* A page for what is not there, or did not work. It asks nothing of the store. */

#include "statusd/pages/pages.h"
#include "statusd/pages/parts.h"

static const struct explanation {
    unsigned status;
    const char *title;
    const char *text;
} explanations[] = {
    {404, MARK("Not found"),
     MARK("There is nothing at this address. It may have been removed, "
          "or the run is older than the history that is kept.")},
    {503, MARK("The store does not answer"),
     MARK("The record of runs could not be read. The host itself is not touched by this.")},
    {0, MARK("This request cannot be answered"),
     MARK("The address or the method is not one of "
          "this program.")},
};

void error_page(struct request *request, unsigned status, struct response *out_response)
{
    const struct explanation *explanation = explanations;
    while (explanation->status != status && explanation->status != 0) {
        explanation++;
    }
    struct request blank = *request;
    blank.reader = NULL;
    struct page page;
    struct error err;
    bool has_begun = page_begin(&page, &blank, tr(explanation->title), NULL, &err);
    (void)has_begun; /* without a reader nothing can fail */
    html_put(&page.html, "<h1>%s</h1>\n<p>%s</p>\n<p><a href=\"/\">%s</a></p>\n",
             tr(explanation->title), tr(explanation->text), tr("Overview"));
    page_end(&page, out_response);
    out_response->status = status;
}
