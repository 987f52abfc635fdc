/* Windows of the week, in which changes are delivered. */
#include "schemas/window.h"

#include <string.h>

enum {
    DAYS = 7,
    MINUTES_A_DAY = 24 * 60,
    SECONDS_A_MINUTE = 60,
    SECONDS_A_DAY = 24 * 60 * 60,
    EPOCH_DAY = 3, /* 1970-01-01 was a Thursday */
};

static const char *const day_names[DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* --- reading -------------------------------------------------------------------------------- */

static bool take_day(const char **text, int *out_day)
{
    for (int day = 0; day < DAYS; day++) {
        size_t length = strlen(day_names[day]);
        if (strncmp(*text, day_names[day], length) == 0) {
            *text += length;
            *out_day = day;
            return true;
        }
    }
    return false;
}

static bool take_days(const char **text, unsigned *out_days)
{
    static const char every[] = "daily";
    if (strncmp(*text, every, sizeof(every) - 1) == 0) {
        *text += sizeof(every) - 1;
        *out_days = (1U << DAYS) - 1;
        return true;
    }
    for (;;) {
        int first = 0;
        int last = 0;
        if (!take_day(text, &first)) {
            return false;
        }
        last = first;
        if (**text == '-') {
            (*text)++;
            if (!take_day(text, &last)) {
                return false;
            }
        }
        for (int day = first;; day = (day + 1) % DAYS) { /* sat-mon goes over the week's end */
            *out_days |= 1U << day;
            if (day == last) {
                break;
            }
        }
        if (**text != ',') {
            return true;
        }
        (*text)++;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_time(const char **text, int *out_minutes)
{
    const char *at = *text;
    if (!is_digit(at[0]) || !is_digit(at[1]) || at[2] != ':' || !is_digit(at[3]) ||
        !is_digit(at[4])) {
        return false;
    }
    int hours = (at[0] - '0') * 10 + at[1] - '0';
    int minutes = (at[3] - '0') * 10 + at[4] - '0';
    *out_minutes = hours * 60 + minutes;
    *text += 5;
    return minutes < 60 && *out_minutes <= MINUTES_A_DAY;
}

bool window_read(const char *text, struct window *out_window)
{
    struct window window = {0};
    if (!take_days(&text, &window.days) || *text++ != ' ' || !take_time(&text, &window.from) ||
        *text++ != '-' || !take_time(&text, &window.to) || *text != '\0' ||
        window.from == window.to || window.from == MINUTES_A_DAY) {
        return false;
    }
    *out_window = window;
    return true;
}

static bool check(const char *text)
{
    struct window window;
    return window_read(text, &window);
}

const struct syntax syntax_window = {
    .name = "window of the week",
    .pattern = "^(daily|(mon|tue|wed|thu|fri|sat|sun)([-,](mon|tue|wed|thu|fri|sat|sun))*) "
               "[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$",
    .example = "mon-fri 09:00-17:00",
    .check = check,
};

/* --- asking --------------------------------------------------------------------------------- */

static bool opens_on(const struct window *window, int64_t day)
{
    return (window->days & (1U << ((day + EPOCH_DAY) % DAYS))) != 0;
}

bool window_is_open(const struct window *window, int64_t now)
{
    int64_t day = now / SECONDS_A_DAY;
    int minute = (int)(now % SECONDS_A_DAY / SECONDS_A_MINUTE);
    if (window->from < window->to) {
        return opens_on(window, day) && minute >= window->from && minute < window->to;
    }
    return (opens_on(window, day) && minute >= window->from) ||
           (opens_on(window, day - 1) && minute < window->to);
}

int64_t window_next_open(const struct window *window, int64_t now)
{
    if (window_is_open(window, now)) {
        return now;
    }
    int64_t day = now / SECONDS_A_DAY;
    for (int64_t ahead = 0; ahead <= DAYS; ahead++) {
        int64_t at = (day + ahead) * SECONDS_A_DAY + (int64_t)window->from * SECONDS_A_MINUTE;
        if (opens_on(window, day + ahead) && at > now) {
            return at;
        }
    }
    return now + SECONDS_A_DAY * DAYS; /* a window opens at least once a week */
}
