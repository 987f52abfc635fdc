/* Error pages. nginx gets to one by an internal redirect, to a location that nobody can ask for and
 * that everybody may see: who was turned away sees the page, too. A list of error_page in a
 * location replaces the one around it, so that each is complete. */

#include "base/map.h"
#include "renderers/error_page.h"
#include "renderers/site.h"

/* nginx closes the connection for this status and shows nothing: a list of its own, and empty. */
#define STATUS_NEVER_SHOWN "444"

enum { STATUS_UNAUTHORIZED = 401, STATUS_MAINTENANCE = 503 };

/* ---- Which page ----------------------------------------------------------------------------- */

static const struct text_value built_in = {.text = "true"};

/* "maintenance" is no text that somebody may write as a page. */
static const struct text_value built_in_maintenance = {.text = "maintenance"};

static const struct text_value *page_of(const struct route *route, int status)
{
    if (status == STATUS_MAINTENANCE && route_is_maintained(route)) {
        const struct text_value *page = &route->now->maintenance->page;
        return page->text != NULL ? page : &built_in_maintenance;
    }
    for (const struct route *at = route; at != NULL; at = at->parent) {
        const struct text_value *page = error_page_find(&at->own->error_pages, status);
        if (page != NULL) {
            return page;
        }
    }
    return &built_in;
}

/* "html" of "/srv/a.html": the type follows from it. */
static const char *ending_of(const char *file)
{
    const char *dot = strrchr(file, '.');
    size_t length = dot == NULL ? 0 : strspn(dot + 1, "abcdefghijklmnopqrstuvwxyz0123456789");
    return length == 0 || dot[1 + length] != '\0' ? "html" : dot + 1;
}

/* Where a file of the host is reached. */
static const char *file_address(const struct site *site, const char *file)
{
    return arena_printf(site->arena, ERROR_PAGE_FOLDER "/%s.%s", site_variable(site, "page", file),
                        ending_of(file));
}

static const char *built_in_address(const struct site *site, const char *name)
{
    return arena_printf(site->arena, ERROR_PAGE_FOLDER "/%s", name);
}

/* Where nginx finds the page; NULL: it shows its own. */
static const char *written_address(const struct site *site, const struct text_value *page,
                                   int status)
{
    if (strcmp(page->text, "false") == 0) {
        return NULL;
    }
    if (page == &built_in_maintenance) {
        return built_in_address(site, "maintenance");
    }
    if (strcmp(page->text, "true") == 0) {
        const char *name = error_page_built_in(status);
        return name == NULL ? NULL : built_in_address(site, name);
    }
    const char *file = error_page_file(page->text);
    return file != NULL ? file_address(site, file) : page->text;
}

static const char *address_of(const struct site *site, const struct route *route,
                              const struct text_value *page, int status)
{
    const char *login = status == STATUS_UNAUTHORIZED ? site_auth_login(site, route) : NULL;
    if (login != NULL) {
        return login;
    }
    bool is_own_file = page->text != NULL && page == &route->now->maintenance->page;
    return is_own_file ? file_address(site, page->text) : written_address(site, page, status);
}

enum { STATUS_COUNT = ERROR_STATUS_END - ERROR_STATUS_FIRST };

/* The statuses that have a page, in ascending order. */
struct error_table {
    struct error_row {
        int status;
        const char *address;
        const struct text_value *page;
    } rows[STATUS_COUNT];
    size_t count;
};

static struct error_table table_of(const struct site *site, const struct route *route)
{
    struct error_table table = {.count = 0};
    for (int status = ERROR_STATUS_FIRST; status < ERROR_STATUS_END; status++) {
        const struct text_value *page = page_of(route, status);
        const char *address = address_of(site, route, page, status);
        if (address != NULL) {
            table.rows[table.count++] = (struct error_row){status, address, page};
        }
    }
    return table;
}

/* ---- Lists ---------------------------------------------------------------------------------- */

static bool stands_earlier(const struct error_table *table, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(table->rows[i].address, table->rows[index].address) == 0) {
            return true;
        }
    }
    return false;
}

/* All statuses with the address of this one. */
static void row_render(struct site *site, const struct error_table *table, size_t index)
{
    const struct error_row *row = &table->rows[index];
    nginx_at(site->nginx, site_span(site, row->page->node));
    nginx_begin(site->nginx, "error_page");
    for (size_t i = index; i < table->count; i++) {
        if (strcmp(table->rows[i].address, row->address) == 0) {
            nginx_number(site->nginx, (unsigned long long)table->rows[i].status, "");
        }
    }
    if (row->address[0] == '@') {
        nginx_word(site->nginx, "="); /* with the status of what stands there */
    }
    nginx_value(site->nginx, NGINX_EVALUATED, row->address);
    nginx_end(site->nginx);
}

static void table_render(struct site *site, const struct error_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        if (!stands_earlier(table, i)) {
            row_render(site, table, i);
        }
    }
}

void site_errors_server(struct site *site)
{
    const struct error_table table = table_of(site, &site->routes[0]);
    table_render(site, &table);
}

static bool says_other(const struct site *site, const struct route *route)
{
    const char *login = site_auth_login(site, route);
    bool is_about_maintenance = route->own->maintenance->object.node != NULL &&
                                (route_is_maintained(route) || route_is_maintained(route->parent));
    return route->own->error_pages.node != NULL || is_about_maintenance ||
           !text_equal(login, site_auth_login(site, route->parent));
}

void site_errors_route(struct site *site, const struct route *route)
{
    if (route->path == NULL || !says_other(site, route)) {
        return; /* what is around it says it */
    }
    const struct error_table table = table_of(site, route);
    table_render(site, &table);
    if (table.count == 0) {
        nginx_at(site->nginx, route->span);
        nginx_line(site->nginx, "error_page", STATUS_NEVER_SHOWN, ERROR_PAGE_FOLDER "/none", NULL);
    }
}

/* ---- Locations ------------------------------------------------------------------------------ */

static void location_begin(struct site *site, const char *sign, const char *address)
{
    nginx_begin(site->nginx, "location");
    nginx_word(site->nginx, sign);
    nginx_value(site->nginx, NGINX_LITERAL, address);
    nginx_block(site->nginx);
    nginx_line(site->nginx, "internal", NULL);
}

/* Some page that comes with us is shown: because it is written, or nothing else is. */
static bool has_built_in(const struct site *site)
{
    bool is_default = true;
    for (size_t i = 0; i < site->route_count; i++) {
        const struct object_list *pages = &site->routes[i].own->error_pages;
        const struct error_page_spec *items = pages->items;
        if (route_is_maintained(&site->routes[i])) {
            return true;
        }
        for (size_t j = 0; j < pages->count; j++) {
            if (strcmp(items[j].page.text, "true") == 0) {
                return true;
            }
            is_default = is_default && !(i == 0 && items[j].object.key == NULL);
        }
    }
    return is_default;
}

/* The status stays that of the error. */
static void built_in_render(struct site *site)
{
    if (!has_built_in(site)) {
        return;
    }
    site->render->uses->error_pages = true;
    nginx_at(site->nginx, site->document->span);
    location_begin(site, "^~", ERROR_PAGE_FOLDER "/");
    nginx_line(site->nginx, "default_type", "text/html", NULL);
    nginx_line(site->nginx, "charset", "utf-8", NULL);
    nginx_line(site->nginx, "return", "200", ERROR_PAGE_VARIABLE, NULL);
    nginx_block_end(site->nginx);
}

static void file_render(struct site *site, struct map *seen, const struct text_value *page,
                        const char *file)
{
    if (map_has(seen, file)) {
        return;
    }
    (void)map_put(site->arena, seen, file, site);
    nginx_at(site->nginx, site_span(site, page->node));
    location_begin(site, "=", file_address(site, file));
    nginx_line(site->nginx, "allow", "all", NULL);
    site_auth_open(site);
    nginx_begin(site->nginx, "alias");
    nginx_value(site->nginx, NGINX_STATIC, file);
    nginx_end(site->nginx);
    nginx_block_end(site->nginx);
}

/* Each file of the host once. */
static void files_render(struct site *site)
{
    struct map seen = {0};
    for (size_t i = 0; i < site->route_count; i++) {
        const struct object_list *pages = &site->routes[i].own->error_pages;
        const struct error_page_spec *items = pages->items;
        for (size_t j = 0; j < pages->count; j++) {
            const char *file = error_page_file(items[j].page.text);
            if (file != NULL) {
                file_render(site, &seen, &items[j].page, file);
            }
        }
        const struct text_value *page = &site->routes[i].own->maintenance->page;
        if (route_is_maintained(&site->routes[i]) && page->text != NULL) {
            file_render(site, &seen, page, page->text);
        }
    }
}

void site_errors_locations(struct site *site)
{
    built_in_render(site);
    files_render(site);
}
