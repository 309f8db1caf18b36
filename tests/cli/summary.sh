# summary: Keras' table to the letter for the tutorial's network, Cairn's own for the others.
. "${0%/*}/common.sh"

works summary lenet5.tutorial
diff -u "$CAIRN_TEST_DATA/summary/tutorial_lenet5.txt" out || fail "not Keras' table"

works summary lenet5 --batch 64
has 'conv1 (Conv2D, tanh).*│ (28, 28, 6) .*│ *156 │ *117,600 │ *5x5 │' 'Total params: 61,706' \
    'Multiply-accumulates: 416,520' 'Memory for inference, batch 64' 'Memory for training, batch 64'
narrow out

works summary lenet5 --json
json model input layers params trainable buffers macs params_with_heads macs_with_heads memory.inference memory.training
has '"model": "lenet5", "input": \[32, 32, 1\]' '"params": 61706, "trainable": 61706, "buffers": 0, "macs": 416520' \
    '{"name": "conv1", "type": "Conv2D", "output": \[28, 28, 6\], "params": 156, "macs": 117600}' \
    '"name": "fc2", "type": "Dense", "output": \[10\], "params": 850, "macs": 840'
works summary lenet5 --json --batch 8 --train
json memory.training

works summary resnet18.tutorial
diff -u "$CAIRN_TEST_DATA/summary/tutorial_resnet18.txt" out || fail "not Keras' table of a branching network"
# The other tables that Keras printed, by their checksums: too long to be kept.
while read -r name sum; do
    works summary "$name.tutorial"
    [ "$(cksum <out)" = "$sum" ] || fail "$name.tutorial: not Keras' table: $(cksum <out)"
done <<'END'
alexnet 2357234607 5830
vgg16 383797148 9090
vgg19 1305804625 10176
inception_v1 2368429158 50334
inception_v3 1761719637 156966
resnet34 2647302215 55240
resnet50 2090011383 79498
resnet101 1687426296 155627
resnet152 76084732 231753
resnet50v2 3426864168 101819
resnet101v2 188586151 201102
resnet152v2 2202286712 300383
END
works summary resnet50v2
has 'conv2_block1_preact_relu (Activation)' 'pool1_pad (ZeroPadding2D)' 'conv5_block3_out (Add)'
works summary resnet50 --depth 1
has 'layer3 (62 layers) .*│ *7,098,368 │ *1,464,336,384 │ *267x267 │ layer2 ' 'Non-trainable params: 53,120'
[ "$(wc -l <out)" -lt 40 ] || fail "--depth 1: a long table"
works summary resnet50 --json
has '"params": 25557032, "trainable": 25557032, "buffers": 53120, "macs": 4089184256, "params_with_heads": 25557032'
works summary lenet5 --classes 100 --json
has '"params": 69356,' # 85 more for each of 90 more classes
works summary lenet5.paper --set output=rbf --json
has '"params": 60000, "trainable": 60000,' # what C3's table leaves out is not trained
finish
