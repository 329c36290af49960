"""What a picture of a QR code shows: files to pixels, pixels to modules."""
