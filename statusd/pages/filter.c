/* What the filters of lists share. */

#include <string.h>

#include "statusd/pages/parts.h"

void option_write(struct html *html, const char *value, const char *label, bool is_chosen)
{
    html_put(html, "<option value=\"%s\"", value);
    if (is_chosen) {
        html_put(html, " selected");
    }
    html_put(html, ">%s</option>", label);
}

void kinds_write(struct html *html, const struct kind_counts *kinds, const char *chosen)
{
    html_put(html, "<label>%s <select name=\"kind\">", tr("Kind"));
    option_write(html, "", tr("every kind"), chosen == NULL);
    for (size_t i = 0; i < kinds->count; i++) {
        const char *kind = kinds->items[i].kind;
        option_write(html, kind, kind_name(kind), text_equal(chosen, kind));
    }
    html_put(html, "</select></label>\n");
}

void search_write(struct html *html, const char *search)
{
    html_put(html,
             "<label>%s <input type=\"search\" name=\"q\" value=\"%s\" maxlength=\"100\" "
             "dir=\"auto\"></label>\n<button>%s</button>\n",
             tr("Contains"), search, tr("Show"));
}

/* One key at a time: the other one goes. */
const char *pager_url(const struct request *request, const char *parameter, const char *key)
{
    struct request copy = *request;
    copy.parameters = (struct parameter_list){0};
    for (size_t i = 0; i < request->parameters.count; i++) {
        const struct parameter *given = &request->parameters.items[i];
        if (strcmp(given->name, "before") != 0 && strcmp(given->name, "after") != 0) {
            vec_add(request->arena, &copy.parameters, *given);
        }
    }
    return request_url(&copy, parameter, key);
}
