/* The list of kernels, from which the sets fill their tables, tests/kernels sees that each is tested, and
 * `tenfold bench` that each is timed: a kernel that one of them does not know stops the build. */
#ifndef TEN_KERNELS_LIST_H
#define TEN_KERNELS_LIST_H

#define TEN_KERNEL_LIST(X)                                                                                             \
    X(matmul)                                                                                                          \
    X(matmul_bf16)                                                                                                     \
    X(pack_bf16)                                                                                                       \
    X(packed_bf16)                                                                                                     \
    X(gathered_bf16)                                                                                                   \
    X(windows_product)                                                                                                 \
    X(windows_weights)                                                                                                 \
    X(windows_spread)                                                                                                  \
    X(winograd_filters)                                                                                                \
    X(winograd_product)                                                                                                \
    X(winograd_weights)                                                                                                \
    X(winograd_filters_bf16)                                                                                           \
    X(winograd_product_bf16)                                                                                           \
    X(winograd_weights_bf16)                                                                                           \
    X(pooled_turned)                                                                                                   \
    X(pooled_weights)                                                                                                  \
    X(pooled_spread)                                                                                                   \
    X(windows_finish)                                                                                                  \
    X(windows_gate)                                                                                                    \
    X(widen_bytes)                                                                                                     \
    X(pack_bytes)                                                                                                      \
    X(dot_bytes)                                                                                                       \
    X(find_below_i32)                                                                                                  \
    X(find_below_f32)                                                                                                  \
    X(rbf_i32)                                                                                                         \
    X(rbf_f32)                                                                                                         \
    X(smo_first)                                                                                                       \
    X(smo_second)                                                                                                      \
    X(smo_update)                                                                                                      \
    X(combine)                                                                                                         \
    X(scaled_distances)                                                                                                \
    X(softmax)                                                                                                         \
    X(best_cut)                                                                                                        \
    X(adam)                                                                                                            \
    X(fft)                                                                                                             \
    X(fft_back)                                                                                                        \
    X(plane_attract)                                                                                                   \
    X(plane_repel)

enum ten_kernel {
#define X(name) TEN_KERNEL_##name,
    TEN_KERNEL_LIST(X)
#undef X
        TEN_KERNELS /* how many there are */
};

#endif
