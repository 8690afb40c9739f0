/* Numbers from and to text, whatever locale the surrounding program has set; text that is safe to show. */
#ifndef TEN_BASE_TEXT_H
#define TEN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole text must be one number, finite, in decimal ("0.5", "1e-9"); false otherwise. */
bool ten_parse_real(const char *text, double *value);

/* The whole text must be decimal digits, with a sign if negative, within int64_t; false otherwise. */
bool ten_parse_integer(const char *text, int64_t *value);

/* Makes a text fit for one line of a message and for JSON: control characters and bytes that are no UTF-8 become '?'.
 */
void ten_clean_text(char *text);

/* Writes a decimal text that reads back as the same double: whole numbers below 10^7 in digits, others in as few digits
 * as that takes. */
void ten_format_real(char *out, size_t size, double value);

/* Writes a whole number with its digits in threes, "1,234,567", and returns `out`, which has room for 32 bytes. */
char *ten_format_grouped(char *out, size_t number);

#endif
