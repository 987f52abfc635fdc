/* The pages that come with us. A page has to look right where the site's own
 * Content-Security-Policy forbids every style and script, since that header counts for error pages,
 * too: so it has neither, and what there is of looks is said by attributes, as nginx's own pages do
 * it. The browser's colours are light or dark as the reader wants them.
 *
 * nginx holds the texts itself, once for all sites, in a variable that follows from the address of
 * the page: no file beside the generations that one of them could miss. */

#include "renderers/error_page.h"

#include "base/text.h"

// clang-format off
static const struct {
    const char *name;
    const char *title, *text;
    const char *arabic_title, *arabic_text;
} pages[] = {
    {"401",
     "Sign in",
     "This page is for those who sign in. Please try again with your name and password.",
     "تسجيل الدخول مطلوب",
     "هذه الصفحة لمن يسجّل دخوله. أعد المحاولة باسمك وكلمة مرورك."},
    {"403",
     "No access",
     "You are not allowed to see this page.",
     "الوصول غير مسموح",
     "لا يحق لك الاطلاع على هذه الصفحة."},
    {"404",
     "Page not found",
     "There is nothing at this address. It may have moved, or the address is misspelt.",
     "الصفحة غير موجودة",
     "لا يوجد شيء في هذا العنوان؛ ربما نُقلت الصفحة، أو كُتب العنوان خطأً."},
    {"413",
     "Too large",
     "What you sent is larger than this site accepts.",
     "الحجم أكبر من المسموح",
     "ما أرسلته أكبر مما يقبله هذا الموقع."},
    {"429",
     "Too many requests",
     "You have sent more requests than allowed. Please wait a moment, then try again.",
     "طلبات كثيرة جدًا",
     "أرسلت طلبات أكثر من المسموح. انتظر قليلًا ثم أعد المحاولة."},
    {"50x",
     "Something went wrong",
     "The site cannot answer at the moment. Please try again a little later.",
     "حدث خطأ ما",
     "لا يستطيع الموقع الرد في هذه اللحظة. أعد المحاولة بعد قليل."},
    {"maintenance",
     "Back soon",
     "The site is being worked on. Please come back a little later.",
     "سنعود قريبًا",
     "تجري الآن أعمال صيانة على الموقع. عد إلينا بعد قليل."},
};
// clang-format on

enum { PAGE_COUNT = sizeof(pages) / sizeof(pages[0]) };

static const char page_form[] = "<!DOCTYPE html>\n"
                                "<html lang=\"en\">\n"
                                "<head>\n"
                                "<meta charset=\"utf-8\">\n"
                                "<meta name=\"viewport\" content=\"width=device-width\">\n"
                                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                                "<meta name=\"robots\" content=\"noindex\">\n"
                                "<title>%s – %s</title>\n"
                                "</head>\n"
                                "<body>\n"
                                "<main align=\"center\"><font face=\"system-ui, sans-serif\">\n"
                                "<br><br>\n"
                                "<div lang=\"en\" dir=\"ltr\" align=\"center\">\n"
                                "<h1>%s</h1>\n"
                                "<p>%s</p>\n"
                                "</div>\n"
                                "<hr width=\"96\">\n"
                                "<div lang=\"ar\" dir=\"rtl\" align=\"center\">\n"
                                "<h1>%s</h1>\n"
                                "<p>%s</p>\n"
                                "</div>\n"
                                "</font></main>\n"
                                "</body>\n"
                                "</html>\n";

static const char *page_text(struct arena *arena, size_t page)
{
    struct text text = text_make(arena);
    text_addf(&text, page_form, pages[page].title, pages[page].arabic_title, pages[page].title,
              pages[page].text, pages[page].arabic_title, pages[page].arabic_text);
    return text.data;
}

void error_pages_render(struct render *render, struct nginx_text *nginx)
{
    nginx_comment(nginx, "pages of errors, by their address");
    nginx_table(nginx, "map", "$uri", ERROR_PAGE_VARIABLE);
    for (size_t i = 0; i < PAGE_COUNT; i++) {
        nginx_begin(nginx, arena_printf(render->arena, ERROR_PAGE_FOLDER "/%s", pages[i].name));
        nginx_value(nginx, NGINX_EVALUATED, page_text(render->arena, i));
        nginx_end(nginx);
    }
    nginx_block_end(nginx);
}
