"""The largest by sorting each window, the whole thing in lists."""


def max_pool_forward_naive(x, pool_param):
    p = pool_param
    out = [
        [
            [
                [
                    sorted(
                        channel[
                            top : top + p["pool_height"], left : left + p["pool_width"]
                        ].flatten()
                    )[-1]
                    for left in range(0, channel.shape[1] - p["pool_width"] + 1, p["stride"])
                ]
                for top in range(0, channel.shape[0] - p["pool_height"] + 1, p["stride"])
            ]
            for channel in image
        ]
        for image in x
    ]
    return np.array(out), (x, pool_param)
