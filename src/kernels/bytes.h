/* What the sets with special instructions share. Each takes a table that the set below has filled and puts
 * its own functions over it. */
#ifndef TEN_KERNELS_BYTES_H
#define TEN_KERNELS_BYTES_H

#include "kernels/kernels.h"

void ten_kernels_add_vnni(struct ten_kernels *kernels);
void ten_kernels_add_amx(struct ten_kernels *kernels);
void ten_kernels_add_amx_products(struct ten_kernels *kernels);

/* Packs rows in groups of 16, four columns of all 16 rows after four columns, each byte xor `flip`, padding 0. */
void ten_pack_bytes_quads(size_t n, size_t depth, const uint8_t *b, size_t ldb, uint8_t *packed, uint8_t flip);

/* Products of BF16 numbers with AVX-512 BF16, over the set with VNNI. */
void ten_kernels_add_bf16(struct ten_kernels *kernels);

#endif
