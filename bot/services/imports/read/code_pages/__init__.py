"""What words bytes make in each code page, and how likely they are: all that is known of languages."""
