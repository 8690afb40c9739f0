/* What a program that embeds the library does: loads a model that `tenfold train` wrote and reads a picture.
 *
 *   cc recognise.c $(pkg-config --cflags --libs tenfold) -o recognise
 *   ./recognise knn.safetensors seven.png
 */
#include <stdio.h>
#include <tenfold.h>

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: recognise MODEL PICTURE\n");
        return 2;
    }
    struct ten_error error;
    struct ten_pipeline *model = NULL;
    struct ten_image picture = {0};
    uint8_t digit[28 * 28];
    struct ten_box box;
    float probabilities[TEN_CLASSES];

    enum ten_status status = ten_pipeline_load(&model, argv[1], &error);
    if (status == TEN_OK) status = ten_image_load(&picture, argv[2], &error);
    if (status == TEN_OK) status = ten_image_to_digit(&picture, digit, &box, &error);
    if (status == TEN_OK) status = ten_pipeline_predict(model, digit, 1, 28, 28, probabilities, NULL, &error);

    if (status != TEN_OK) {
        fprintf(stderr, "recognise: %s\n", error.message);
    } else if (box.width == 0) {
        printf("nothing drawn\n");
    } else {
        int label = ten_label(probabilities);
        printf("%d (%.1f %%)\n", label, 100 * (double)probabilities[label]);
    }
    ten_image_release(&picture);
    ten_pipeline_free(model);
    return status == TEN_OK ? 0 : 1;
}
